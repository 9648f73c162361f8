using System.Text;

namespace Plimsoll.Cli.Terminal;

/// <summary>Prose at a terminal: lines of at most 110 characters, cut at spaces only.</summary>
static class TextLines
{
    const int Width = 110;

    /// <summary>Appends a paragraph.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="first">Begins the first line.</param>
    /// <param name="next">Begins every other line.</param>
    /// <param name="words">The paragraph; a word too long for a line stands alone on one.</param>
    public static void Wrap(StringBuilder text, string first, string next, string words)
    {
        text.Append(first);
        var (column, empty) = (first.Length, true);
        foreach (var word in words.Split(' '))
        {
            if (!empty && column + 1 + word.Length > Width)
            {
                text.Append('\n').Append(next);
                (column, empty) = (next.Length, true);
            }
            if (!empty)
                text.Append(' ');
            text.Append(word);
            column += word.Length + (empty ? 0 : 1);
            empty = false;
        }
        text.Append('\n');
    }
}
