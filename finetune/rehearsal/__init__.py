"""The rehearsal: a whole subnet on one machine. It wires the parts that production runs and adds no rule of its own."""
