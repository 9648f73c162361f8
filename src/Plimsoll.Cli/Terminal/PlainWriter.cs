using System;
using System.Buffers;
using System.IO;
using System.Text;

namespace Plimsoll.Cli.Terminal;

/// <summary>
/// Keeps what a name or a file holds from steering the terminal: control characters and marks that turn the
/// direction of writing become U+FFFD. Line ends and tabs pass.
/// </summary>
sealed class PlainWriter(TextWriter terminal) : TextWriter
{
    static readonly SearchValues<char> _steering = SearchValues.Create(Steering());

    /// <summary>For what the program itself steers: a progress bar returns to the line's start.</summary>
    public TextWriter Terminal => terminal;

    public override Encoding Encoding => terminal.Encoding;

    public override void Write(char value) =>
        terminal.Write(_steering.Contains(value) ? '\ufffd' : value);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        int at;
        while ((at = buffer.IndexOfAny(_steering)) >= 0)
        {
            terminal.Write(buffer[..at]);
            terminal.Write('\ufffd');
            buffer = buffer[(at + 1)..];
        }
        terminal.Write(buffer);
    }

    public override void WriteLine(string? value)
    {
        Write(value);
        terminal.Write('\n');
    }

    public override void Flush() => terminal.Flush();

    static string Steering()
    {
        var text = new StringBuilder();
        for (var c = '\0'; c < '\u2070'; c++)
        {
            if ((char.IsControl(c) && c is not ('\n' or '\t'))
                || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069'))
            {
                text.Append(c);
            }
        }
        return text.ToString();
    }
}
