using System.Collections.Generic;

namespace Plimsoll.Reports.Drawing;

/// <summary>
/// A font of straight strokes, drawn when the machine has no font at all, as a bare container does not: a
/// picture without its numbers would be worse than a plain one.
/// </summary>
/// <remarks>
/// A glyph is polylines parted by spaces, a polyline is pairs of x and y on a grid: the baseline is y 0,
/// small letters reach 4, capitals and digits 6; <c>a</c> and <c>b</c> stand for y −1 and −2.
/// </remarks>
public static class StrokeFont
{
    const double UnitX = 0.086;
    const double UnitY = 0.118;
    const double GapUnits = 2.2;
    const string Unknown = "0006464000";

    static readonly Dictionary<char, string> _glyphs = new()
    {
        ['0'] = "103041453616050110", ['1'] = "152620 1030", ['2'] = "05163645440040",
        ['3'] = "05163645443313 334241301001", ['4'] = "30360242", ['5'] = "460603334241301001",
        ['6'] = "4536160501103041423303", ['7'] = "064610", ['8'] = "130405163645443313 1302011030414233",
        ['9'] = "0110304145361605041343",
        ['A'] = "002640 1232", ['B'] = "00063645443303 3342413000", ['C'] = "4536160501103041",
        ['D'] = "00063645413000", ['E'] = "46060040 0333", ['F'] = "460600 0333",
        ['G'] = "45361605011030414323", ['H'] = "0006 4046 0343", ['I'] = "0006", ['J'] = "4641301001",
        ['K'] = "0006 4602 1340", ['L'] = "060040", ['M'] = "0006224640", ['N'] = "00064046",
        ['O'] = "103041453616050110", ['P'] = "00063645443303", ['Q'] = "103041453616050110 2240",
        ['R'] = "00063645443303 2340", ['S'] = "453616050413334241301001", ['T'] = "0646 2620",
        ['U'] = "060110304146", ['V'] = "062046", ['W'] = "0610243046", ['X'] = "0046 0640",
        ['Y'] = "062346 2320", ['Z'] = "06460040",
        ['a'] = "3430 3324140301102031", ['b'] = "0600 0314243331201001", ['c'] = "3324140301102031",
        ['d'] = "3630 3324140301102031", ['e'] = "02323324140301102031", ['f'] = "261510 0424",
        ['g'] = "343a2b1b0a 3324140301102031", ['h'] = "0600 0314243330", ['i'] = "0400 0606",
        ['j'] = "141a0b 1616", ['k'] = "0600 3401 1230", ['l'] = "0600", ['m'] = "0400 03142320 23344340",
        ['n'] = "0400 0314243330", ['o'] = "102031332414030110", ['p'] = "040b 0314243331201001",
        ['q'] = "343b 3324140301102031", ['r'] = "0400 031424", ['s'] = "33241403122231201001",
        ['t'] = "161120 0424", ['u'] = "0401102031 3430", ['v'] = "042044", ['w'] = "0410233044",
        ['x'] = "0430 0034", ['y'] = "0420 441b", ['z'] = "04340030",
        [' '] = "", ['.'] = "0000", [','] = "100a", [':'] = "0000 0303", [';'] = "100a 1313",
        ['!'] = "0602 0000", ['?'] = "05163645442322 2020", ['\''] = "0604", ['’'] = "0604",
        ['"'] = "0604 1614", ['“'] = "0604 1614", ['”'] = "0604 1614", ['('] = "1605001a",
        [')'] = "0615100a", ['['] = "16060a1a", [']'] = "06161a0a", ['{'] = "2615130211102a",
        ['}'] = "0615132211100a", ['/'] = "0036", ['\\'] = "0630", ['|'] = "060a", ['-'] = "0222",
        ['–'] = "0242", ['—'] = "0252", ['_'] = "0a4a", ['+'] = "0343 2125", ['−'] = "0343",
        ['='] = "0242 0444", ['<'] = "450341", ['>'] = "054301", ['*'] = "2521 0442 0244",
        ['#'] = "1016 3036 0242 0444", ['$'] = "453616050413334241301001 2a27",
        ['%'] = "0046 0616150506 3141403031", ['&'] = "400516250201102042",
        ['@'] = "3414123234 324245361605011040", ['^'] = "042644", ['`'] = "0615", ['~'] = "02132233",
        ['·'] = "0303", ['×'] = "0134 0431", ['µ'] = "040b 01102031 3430", ['≤'] = "450341 0040",
        ['≥'] = "054301 0040", ['→'] = "0353 355331", ['…'] = "0000 2020 4040", ['²'] = "0616150414",
    };

    /// <summary>Width of the text at a size, in logical pixels.</summary>
    public static double Width(string text, double size)
    {
        var units = 0.0;
        foreach (var c in text)
            units += AdvanceUnits(Glyph(c));
        return units * UnitX * size;
    }

    /// <summary>
    /// The strokes of a text whose baseline starts at (<paramref name="x"/>, <paramref name="y"/>), squeezed
    /// or stretched by <paramref name="stretch"/>. A dot is a stroke of one spot.
    /// </summary>
    public static IEnumerable<IReadOnlyList<Spot>> Strokes(
        string text, double x, double y, double size, double stretch)
    {
        foreach (var c in text)
        {
            var glyph = Glyph(c);
            var stroke = new List<Spot>();
            for (var i = 0; i + 1 < glyph.Length;)
            {
                if (glyph[i] == ' ')
                {
                    yield return stroke;
                    stroke = [];
                    i++;
                    continue;
                }
                var level = glyph[i + 1] switch { 'a' => -1, 'b' => -2, var digit => digit - '0' };
                stroke.Add(new Spot(
                    x + (((glyph[i] - '0') * UnitX) + UnitX) * size * stretch, y - level * UnitY * size));
                i += 2;
            }
            if (stroke.Count > 0)
                yield return stroke;
            x += AdvanceUnits(glyph) * UnitX * size * stretch;
        }
    }

    static string Glyph(char c) => _glyphs.TryGetValue(c, out var glyph) ? glyph : Unknown;

    static double AdvanceUnits(string glyph)
    {
        if (glyph.Length == 0)
            return 3;
        var widest = 0;
        for (var i = 0; i + 1 < glyph.Length; i += glyph[i] == ' ' ? 1 : 2)
        {
            if (glyph[i] != ' ' && glyph[i] - '0' > widest)
                widest = glyph[i] - '0';
        }
        return widest + GapUnits;
    }
}
