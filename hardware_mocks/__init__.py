"""Mock portals: they speak the real wire over TCP or a pty, and share no code with the agent.

    checked      dataclasses with units and ranges, built from tables; one clear message when wrong
    scenes       what happens in front of a portal: TOML files in scenes/; its parts: scene_vehicles, scene_faults, scene_traffic
    ways, shapes, passage_vehicles, passage_shadows     motion, 1/r^2, rain, shadows: shared with the detection study
    passages     thousands of passages at once, for the study and for learning;  year: a year of health
    bodies       one vehicle of a scene in those shapes;  crowd: draws random traffic;  cosmic: neutron showers
    physics      a scene's expected counts
    beam         what the light beam sees;  truth: what a vehicle was, and how an alarm on it is to be judged
    schedule     what is going on at a time, among thousands of items; laps of a looped scene
    disturb      what a bad line does to good bytes: noise, late bursts
    signals      what leaves a mock: bytes, and the ways a connection ends
    rapiscan     TSA/Rapiscan: `wire(scene, seed)`, `truths(scene, seed)`, and the program
                 (rapiscan_controller: records and cadence; rapiscan_rules: the vendor's alarms)
    slices       a scene slice by slice;  slave, slave_ends, serve_asked: instruments that hold registers and are asked
    aspect       Aspect/Yantar portal, a Modbus unit;  modbus_map: the instrument of the shipped example map
    radpro       a Geiger counter that answers text lines;  ecotest_bdbg09, atomtex_bdkg: detector units that are asked
    ludlum375    an area monitor that pushes lines, or XML as the TCP client (tcp_caller)
    serve        signals at any speed from one command line, over tcp_end or pty_end

Everything but serve and the two ends is pure: the same scene and seed give the same bytes.
Nothing here imports edge_agent: a mock that shared the agent's parser would share its mistakes.
"""
