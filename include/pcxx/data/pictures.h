/// Picture sets: all that there are readers for.
#pragma once

#include "pcxx/data/cifar.h"
#include "pcxx/data/fashion_mnist.h"
#include "pcxx/data/mnist.h"
#include "pcxx/data/picture_files.h"
#include "pcxx/data/tiny_imagenet.h"
