"""Draw a range of tiles into a piece of the archive, by the code that draws published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.filesystems import locate
from heatlas.core.frozen import frozen
from heatlas.publish.metatiles import blocks_of, draw_block
from heatlas.publish.painter import TilePainter
from heatlas.scale.drawn import merged_tiles_of, write_piece
from heatlas.scale.fit import read_numbers, read_tone
from heatlas.scale.merged_tiles import merged_field
from heatlas.tiles.scales import colours_of

if TYPE_CHECKING:
    from heatlas.scale.recipe import Recipe

__all__ = ["PaintTask", "paint"]


@frozen
class PaintTask:
    """Draw one range of tiles."""

    index: str
    """Object that says where merged tiles lie."""
    fitted: str
    """Object with the tone of the zoom, and the tiles to draw."""
    zoom: int
    place: int
    """Place of the range among those of the zoom."""
    recipe: Recipe
    output: str


def paint(task: PaintTask) -> dict[str, Any]:
    """Draw tiles; returns how many there are, and their bytes."""
    tone = read_tone(task.fitted)
    assert tone is not None
    field = merged_field(merged_tiles_of(task.index), task.recipe, 1)
    painter = TilePainter(field, task.zoom, tone, colours_of(field))
    numbers: list[int] = []
    tiles: list[bytes] = []
    for block in blocks_of(task.zoom, read_numbers(task.fitted, task.place)):
        for number, drawn in zip(block.numbers.tolist(), draw_block(painter, block, task.recipe.form), strict=True):
            if drawn is not None:
                numbers.append(number)
                tiles.append(drawn)
    write_piece(locate(task.output), numbers, tiles)
    return {"tiles": len(tiles), "bytes": sum(map(len, tiles))}
