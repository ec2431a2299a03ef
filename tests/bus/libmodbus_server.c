/* A Modbus slave of libmodbus (Debian: libmodbus-dev), for tests: holding register n holds unit * 1000 + n.
 *   libmodbus_server tcp PORT | rtu DEVICE UNIT
 * Prints "ready" and answers until it is killed. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	int tcp = argc == 3 && strcmp(argv[1], "tcp") == 0;
	if (!tcp && argc != 4) { return 2; }
	int unit = tcp ? 1 : atoi(argv[3]);
	modbus_t *bus = tcp ? modbus_new_tcp("127.0.0.1", atoi(argv[2])) : modbus_new_rtu(argv[2], 19200, 'N', 8, 1);
	modbus_mapping_t *map = modbus_mapping_new(100, 100, 100, 100);
	if (bus == NULL || map == NULL) { return 1; }
	for (int i = 0; i < 100; i++) { map->tab_registers[i] = (uint16_t)(unit * 1000 + i); }
	modbus_set_slave(bus, unit);
	int listening = -1;
	if (tcp) {
		listening = modbus_tcp_listen(bus, 1);
		printf("ready\n");
		fflush(stdout);
		if (listening < 0 || modbus_tcp_accept(bus, &listening) < 0) { return 1; }
	} else {
		if (modbus_connect(bus) < 0) { return 1; }
		printf("ready\n");
		fflush(stdout);
	}
	uint8_t question[MODBUS_TCP_MAX_ADU_LENGTH];
	for (;;) {
		int length = modbus_receive(bus, question);
		if (length > 0) { modbus_reply(bus, question, length, map); }
		else if (length < 0 && tcp) { break; }
	}
	return 0;
}
