"""Tone and colours of a picture, and the decorations beside the heat.

========================= ========================================================
`defaults`                the unit, scale and colours that suit a measure
`tone`, `sample`          values to [0, 1], fitted once; values that it is fitted to
`local_tone`              tones relative to the surroundings
`colour`, `stepping`      a toned grid in colour; steps of a palette
`colormaps`               tables of colours
`image`                   pixels in colour
`ticks`, `calendar_ticks` round numbers of a legend, and dates
`legend`, `legend_ring`   a bar of colours with numbers, a ring of what goes round
`square`, `legend_square` colours and legend of two metrics at once
`legend_kinds`            which legend a measure gets, and what it says
`text`                    lines of text
`fonts`                   fonts that have the letters of a text
`street_ground`           streets and water below the heat
`scale_bar`               a round length on the ground
`sheet`                   small pictures side by side
`decorations`             title, legend, scale bar and attribution in their places
========================= ========================================================
"""
