// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "rf_version.h"

int main(void)
{
	puts("ringfence " RF_VERSION);
	return 0;
}
