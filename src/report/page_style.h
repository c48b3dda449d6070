/// The style of a report's page: colours for light and dark, told apart by colour-blind readers, and print.
#pragma once

namespace pcxx::report {

/// Colours of lines are Okabe and Ito's (Color Universal Design, 2008), lightened or darkened to stand out from the page.
inline constexpr const char* kPageStyle = R"css(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1c2430; --soft: #5b6675; --rule: #dfe3e9;
  --cell: #f1f3f6; --right: #0b6bb0; --wrong: #d4570a; --good: #00795a; --bad: #b8420a;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b8608f; --c4: #c98a00; --c5: #2f9fd8; --c6: #6b4fa3; --c7: #5a5f66; }
@media (prefers-color-scheme: dark) {
  :root { --page: #11151b; --card: #1a2029; --ink: #e6eaf0; --soft: #9aa6b5; --rule: #303947; --cell: #222a35;
    --right: #2f8fd6; --wrong: #e8762c; --good: #35c79a; --bad: #ff9256;
    --c0: #4aa8e8; --c1: #f28a3c; --c2: #2ec99b; --c3: #e39cc4; --c4: #f0c13a; --c5: #8fd3f7; --c6: #b39ae6; --c7: #b4bac3; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 24px 48px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 16px; margin-bottom: 18px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
header p { margin: 0; color: var(--soft); }
h2 { font-size: 17px; margin: 30px 0 12px; }
.state { font-weight: 600; }
.state.finished { color: var(--good); } .state.diverged { color: var(--bad); }
.message { border-left: 3px solid var(--bad); padding: 6px 12px; margin: 0 0 18px; background: var(--card); overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0; }
.tiles div, figure, .card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.tiles div { padding: 12px 16px; }
.tiles dt { color: var(--soft); font-size: 13px; }
.tiles dd { margin: 0; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles dd small { display: block; font-size: 12.5px; font-weight: 400; color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px; align-items: stretch; }
.wide { grid-column: 1 / -1; }
figure { margin: 0; padding: 14px 16px 10px; }
figcaption { font-weight: 600; margin-bottom: 6px; }
figcaption small { font-weight: 400; color: var(--soft); margin-left: 6px; }
svg.chart { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
svg .label { font-size: 12.5px; }
.grid { stroke: var(--rule); stroke-width: 1; fill: none; }
.axis { stroke: var(--soft); stroke-width: 1; fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.dashed.line { stroke-dasharray: 6 4; }
.range { opacity: 0.22; stroke: none; }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); } .line.c3 { stroke: var(--c3); }
.line.c4 { stroke: var(--c4); } .line.c5 { stroke: var(--c5); } .line.c6 { stroke: var(--c6); } .line.c7 { stroke: var(--c7); }
.dot.c0, .range.c0 { fill: var(--c0); } .dot.c1, .range.c1 { fill: var(--c1); } .dot.c2, .range.c2 { fill: var(--c2); }
.dot.c3, .range.c3 { fill: var(--c3); } .dot.c4, .range.c4 { fill: var(--c4); } .dot.c5, .range.c5 { fill: var(--c5); }
.dot.c6, .range.c6 { fill: var(--c6); } .dot.c7, .range.c7 { fill: var(--c7); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; margin: 0 0 4px; padding: 0; font-size: 13px; color: var(--soft); }
.legend li { overflow-wrap: anywhere; } .legend svg { width: 22px; height: 8px; margin-right: 6px; vertical-align: middle; }
.cell { fill: var(--cell); } .right { fill: var(--right); } .wrong { fill: var(--wrong); }
svg .count { fill: var(--ink); font-size: inherit; } svg .count.on-dark { fill: #ffffff; }
.none { color: var(--soft); margin: 0 0 8px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: 4px 8px; border-bottom: 1px solid var(--rule); }
th { color: var(--soft); font-weight: 500; } tbody tr:last-child td, tbody tr:last-child th { border-bottom: none; }
.facts th, .facts td { text-align: left; vertical-align: top; overflow-wrap: anywhere; } .facts th { white-space: nowrap; width: 1%; padding-right: 20px; }
.card { padding: 10px 16px; overflow-x: auto; }
pre { margin: 0; font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--soft); }
footer { margin-top: 28px; color: var(--soft); font-size: 13px; }
@media (max-width: 760px) { .charts { grid-template-columns: minmax(0, 1fr); } main { padding: 18px 12px 32px; } }
@media print {
  :root { color-scheme: light; --page: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444; --rule: #cccccc; --cell: #f4f4f4;
    --right: #0b6bb0; --wrong: #d4570a; --good: #00795a; --bad: #b8420a;
    --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b8608f; --c4: #c98a00; --c5: #2f9fd8; --c6: #6b4fa3; --c7: #5a5f66; }
  main { max-width: none; padding: 0; } figure, .card, .tiles div { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

}  // namespace pcxx::report
