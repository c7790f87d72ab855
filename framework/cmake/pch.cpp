// SPDX-License-Identifier: MIT
// Anchor of the precompiled header.
