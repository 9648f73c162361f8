using System.Text;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// What every record goes through first: NFC, line ends as \n, no control characters, no space at the ends.
/// </summary>
public static class TextNormalizer
{
    public const string Version = "1";

    public static string Normalize(string text)
    {
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\r')
            {
                clean.Append('\n');
                i += i + 1 < text.Length && text[i + 1] == '\n' ? 1 : 0;
            }
            else if (c is '\n' or '\t' || !char.IsControl(c))
            {
                clean.Append(char.IsSurrogate(c) && !IsWhole(text, i) ? '\uFFFD' : c);
            }
        }
        return clean.ToString().Normalize(NormalizationForm.FormC).Trim();
    }

    static bool IsWhole(string text, int at) => char.IsHighSurrogate(text[at])
        ? at + 1 < text.Length && char.IsLowSurrogate(text[at + 1])
        : at > 0 && char.IsHighSurrogate(text[at - 1]);
}
