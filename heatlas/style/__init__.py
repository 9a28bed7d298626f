"""Tone and colours of a picture, and the decorations beside the heat.

========================= ========================================================
`defaults`                the unit, scale and colours that suit a measure
`tone`, `sample`          values to [0, 1], fitted once; values that it is fitted to
`local_tone`              tones relative to the surroundings
`colour`, `stepping`      a toned grid in colour; steps of a palette
`mean_colours`            means in colour, by these steps
`colormaps`               tables of colours
`image`                   pixels in colour
`ticks`, `calendar_ticks` round numbers of a legend, and dates
`legend`, `legend_ring`   a bar of colours with numbers, a ring of what goes round
`square`, `legend_square` colours and legend of two metrics at once
`legend_kinds`            which legend a measure gets, and what it says
`text`                    lines of text
`fonts`                   fonts that have the letters of a text
`page`, `page_paint`      printed pages: where all lies, in millimetres, and in pixels
`themes`                  grounds and colours that go together
`ground`                  grounds below the heat, in strips
`street_ground`           streets and water of a file of tiles
`world_ground`            land, coasts and borders
`scale_bar`               a round length on the ground
`sheet`                   small pictures side by side
`cover`                   where a picture holds heat
`decorations`             title, legend, scale bar and attribution in the emptiest corners
========================= ========================================================
"""
