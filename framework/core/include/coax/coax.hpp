// SPDX-License-Identifier: MIT
#pragma once

// Everything a program needs to be a server.
#include <coax/broadcaster.hpp>
#include <coax/channel.hpp>
#include <coax/config.hpp>
#include <coax/connection.hpp>
#include <coax/error.hpp>
#include <coax/log.hpp>
#include <coax/metrics.hpp>
#include <coax/server.hpp>
#include <coax/task.hpp>
#include <coax/with_timeout.hpp>
#include <coax/version.hpp>
