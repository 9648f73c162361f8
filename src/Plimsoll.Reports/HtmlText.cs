using System.Text;

namespace Plimsoll.Reports;

/// <summary>Text made safe for HTML and XML, in content and in quoted attributes alike.</summary>
public static class HtmlText
{
    /// <summary>Markup becomes entities; characters that XML forbids become U+FFFD.</summary>
    public static string Escape(string text)
    {
        var safe = new StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                safe.Append(c).Append(text[++i]);
            else if ((c < ' ' && c is not ('\t' or '\n' or '\r')) || char.IsSurrogate(c) || c >= '\ufffe')
                safe.Append('\ufffd');
            else
                Append(safe, c);
        }
        return safe.ToString();
    }

    static void Append(StringBuilder safe, char c) => _ = c switch
    {
        '&' => safe.Append("&amp;"),
        '<' => safe.Append("&lt;"),
        '>' => safe.Append("&gt;"),
        '"' => safe.Append("&quot;"),
        '\'' => safe.Append("&#39;"),
        _ => safe.Append(c),
    };
}
