"""pcxx.plot: the pictures of a predictive coding network, with matplotlib.

Each function is one call that measures if it must, draws, and returns the axes. With `ax` it draws there and touches nothing else
of matplotlib; without, it makes a figure with pyplot, so that notebooks and `pyplot.show()` show it. Nothing that is looked at
changes. The numbers without the pictures are in `pcxx.measure`.
"""

from .confusion_matrix import confusion as confusion
from .gradients import cosines as cosines
from .gradients import gradient_norms as gradient_norms
from .graph import dot as dot
from .graph import network as network
from .history import training as training
from .pictures import reconstructions as reconstructions
from .plans import costs as costs
from .plans import memory as memory
from .plans import timeline as timeline
from .plans import work as work
from .regions import decision_regions as decision_regions
from .relaxation import convergence as convergence
from .relaxation import energies as energies
