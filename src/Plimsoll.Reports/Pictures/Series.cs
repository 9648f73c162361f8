using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>
/// How a curve is told from the others: by colour, by the pattern of its line, by its marks.
/// </summary>
readonly record struct Series(Ink Ink, int Shape, bool Marked = true)
{
    static readonly Ink[] _inks = [Ink.Interactive, Ink.Credit, Ink.Batch, Ink.Idle];

    public static Series Number(int index) => new(_inks[index % _inks.Length], index);

    public static Series OfClass(string name) => new(
        name == "batch" ? Ink.Batch : Ink.Interactive, name == "batch" ? 1 : 0, Marked: false);

    public Paint Line => Paint.Line(Ink, 2.5, (LinePattern)(Shape % 4));
}
