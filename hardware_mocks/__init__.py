"""Mock portals: they speak the real wire over TCP or a pty, and share no code with the agent.

    checked      dataclasses with units and ranges, built from tables; one clear message when wrong
    scenes       what happens in front of a portal: vehicles, sources, faults; TOML files in scenes/
    physics      a scene's expected counts: background, drift, shadow, 1/r^2
    schedule     what is going on at a time, among thousands of items; laps of a looped scene
    disturb      what a bad line does to good bytes: noise, late bursts
    signals      what leaves a mock: bytes, and the ways a connection ends
    rapiscan     TSA/Rapiscan: `wire(scene, seed)`, `truths(scene, seed)`, and the program
                 (rapiscan_controller: records and cadence; rapiscan_rules: the vendor's alarms)
    serve        signals at any speed from one command line, over tcp_end or pty_end

Everything but serve and the two ends is pure: the same scene and seed give the same bytes.
Nothing here imports edge_agent: a mock that shared the agent's parser would share its mistakes.
"""
