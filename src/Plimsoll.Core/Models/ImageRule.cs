using System;

namespace Plimsoll.Core.Models;

/// <summary>
/// From an image's sides to prompt tokens and encoder patches, as each family's preprocessing does it. The
/// rules are read from transformers' and mlx-vlm's processors; <c>ImageRuleTests</c> holds them to the token
/// counts of three sizes.
/// </summary>
/// <param name="Name">As the catalogue names it.</param>
/// <param name="MinPixels">Least area after resizing; 0 where the rule has none.</param>
/// <param name="MaxPixels">Most.</param>
public sealed record ImageRule(string Name, long MinPixels, long MaxPixels)
{
    /// <summary>Rules known here.</summary>
    public static Choices<Func<ImageRule, ImageSize, ImageCost>> All { get; } = new(
        ("smart28", (rule, size) => Smart(rule, size, 28)),
        ("smart32", (rule, size) => Smart(rule, size, 32)),
        ("kimi28", Kimi),
        ("fixed256", (_, _) => new ImageCost(256, 1, 64 * 64)),
        ("pixtral16", (_, size) => Pixtral(size, most: 1024, cell: 16, patchesPerCell: 1)),
        ("pixtral28", (_, size) => Pixtral(size, most: 1540, cell: 28, patchesPerCell: 4)),
        ("internvl", (_, size) => InternVl(size)),
        ("llama4", (_, size) => Llama4(size)),
        ("mllama", (_, size) => Mllama(size)));

    public ImageCost Of(ImageSize size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size.Width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(size.Height, 1);
        Invariant.Holds(All.TryFind(Name, out var rule), "an image rule is one of those known");
        return rule(this, size);
    }

    /// <summary>
    /// Qwen-VL and GLM-V: each side to a multiple of the cell, the area within its limits. A cell of 2 × 2
    /// patches is one token; begin and end have one each.
    /// </summary>
    static ImageCost Smart(ImageRule rule, ImageSize size, int cell)
    {
        double w = size.Width, h = size.Height;
        long wide = Nearest(w, cell), high = Nearest(h, cell);
        if (wide * high > rule.MaxPixels)
        {
            var shrink = Math.Sqrt(w * h / rule.MaxPixels);
            (wide, high) = (Floor(w / shrink, cell), Floor(h / shrink, cell));
        }
        else if (wide * high < rule.MinPixels)
        {
            var grow = Math.Sqrt(rule.MinPixels / (w * h));
            wide = (long)Math.Ceiling(w * grow / cell) * cell;
            high = (long)Math.Ceiling(h * grow / cell) * cell;
        }
        var tokens = (int)(wide / cell * (high / cell));
        return new ImageCost(tokens, 1, 4 * tokens);
    }

    /// <summary>Kimi-VL: at most 4,096 patches of 14 pixels, sides padded to whole cells of 28.</summary>
    static ImageCost Kimi(ImageRule rule, ImageSize size)
    {
        double w = size.Width, h = size.Height;
        var patches = Math.Floor(w / 14) * Math.Floor(h / 14);
        if (patches > 4096)
        {
            var shrink = Math.Sqrt(4096 / patches);
            (w, h) = (Math.Floor(w * shrink), Math.Floor(h * shrink));
        }
        var tokens = (int)(Math.Ceiling(w / 28) * Math.Ceiling(h / 28));
        return new ImageCost(tokens, 1, 4 * tokens);
    }

    /// <summary>Pixtral: the longest side shrunk to a limit; every row of cells ends in a token.</summary>
    static ImageCost Pixtral(ImageSize size, int most, int cell, int patchesPerCell)
    {
        var shrink = Math.Max(1.0, Math.Max(size.Width, size.Height) / (double)most);
        var across = Cells((int)(size.Width / shrink), cell);
        var down = Cells((int)(size.Height / shrink), cell);
        return new ImageCost(down * (across + 1), 1, across * down * patchesPerCell);
    }

    /// <summary>
    /// InternVL: up to twelve tiles of 448 pixels in the grid of the closest aspect, and one of the whole
    /// where there are several.
    /// </summary>
    static ImageCost InternVl(ImageSize size)
    {
        const int Side = 448, Most = 12;
        var aspect = (double)size.Width / size.Height;
        var area = (double)size.Width * size.Height;
        var (across, down) = (1, 1);
        var nearest = double.PositiveInfinity;
        for (var tiles = 1; tiles <= Most; tiles++)
        {
            for (var i = 1; i <= tiles; i++)
            {
                if (tiles % i != 0)
                    continue;
                var off = Math.Abs(aspect - (i / (double)(tiles / i)));
                var roomy = off == nearest && area > 0.5 * Side * Side * tiles;
                if (off < nearest || roomy)
                    (across, down, nearest) = (i, tiles / i, off);
            }
        }
        var all = across * down > 1 ? (across * down) + 1 : 1;
        return new ImageCost((256 * all) + 2, all, 1025);
    }

    /// <summary>
    /// Llama 4: up to sixteen tiles of 336 pixels, and one of the whole where there are several; 144 tokens a
    /// tile, a separator each, a break per row and three around them.
    /// </summary>
    static ImageCost Llama4(ImageSize size)
    {
        const int Side = 336, PerTile = 144, Patches = 577;
        var (across, down) = Canvas(size, Side, most: 16);
        var tiles = across * down;
        return tiles == 1
            ? new ImageCost(PerTile + 3, 1, Patches)
            : new ImageCost(((tiles + 1) * PerTile) + tiles + 3, tiles + 1, Patches);
    }

    /// <summary>
    /// Llama 3.2 Vision: one prompt token; four tiles of 1,601 patches go through the encoder as one
    /// sequence, however many hold anything, and sit in the cross layers.
    /// </summary>
    static ImageCost Mllama(ImageSize size) => new(1, 1, 4 * 1601);

    /// <summary>
    /// The canvas of tiles that an image is fitted into: the least enlargement, else the least reduction, of
    /// equal ones the smallest.
    /// </summary>
    static (int Across, int Down) Canvas(ImageSize size, int side, int most)
    {
        (int, int) best = (1, 1);
        var (scaleOfBest, tilesOfBest) = (double.NaN, 0);
        for (var across = 1; across <= most; across++)
        {
            for (var down = 1; across * down <= most; down++)
            {
                var scale = Math.Min(
                    across * side / (double)size.Width, down * side / (double)size.Height);
                var closer = double.IsNaN(scaleOfBest)
                    || (scale >= 1 ? scaleOfBest < 1 || scale < scaleOfBest
                        : scaleOfBest < 1 && scale > scaleOfBest);
                if (closer || (scale == scaleOfBest && across * down < tilesOfBest))
                    (best, scaleOfBest, tilesOfBest) = ((across, down), scale, across * down);
            }
        }
        return best;
    }

    static long Nearest(double side, int cell) =>
        Math.Max(cell, (long)Math.Round(side / cell, MidpointRounding.ToEven) * cell);

    static long Floor(double side, int cell) => Math.Max(cell, (long)Math.Floor(side / cell) * cell);

    static int Cells(int side, int cell) => Math.Max(1, (side + cell - 1) / cell);
}
