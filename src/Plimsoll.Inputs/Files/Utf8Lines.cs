using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Files;

/// <summary>
/// Lines of a UTF-8 file, one at a time. No more than a line is held, and a line that goes on for longer than
/// any should is refused where it does, not when it has been read.
/// </summary>
public static class Utf8Lines
{
    static readonly UTF8Encoding _strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="mostBytes">Of a line.</param>
    /// <param name="expected">What the file should be, for the error.</param>
    /// <exception cref="BadInputException">It cannot be read, or a line is too long or no text.</exception>
    public static IEnumerable<(int Number, string Text)> Read(string path, int mostBytes, string expected)
    {
        using var file = Open(path, expected);
        var buffer = new byte[Math.Min(mostBytes + 1, 1 << 16)];
        var (number, from, to) = (1, 0, 0);
        for (var ended = false; !ended || from < to;)
        {
            var length = buffer.AsSpan(from, to - from).IndexOf((byte)'\n');
            var line = length < 0 ? to - from : length;
            if (line > mostBytes)
            {
                throw new BadInputException(
                    $"{path}:{number}: a line of more than {mostBytes:#,0} bytes; expected {expected}");
            }
            if (length < 0 && !ended)
            {
                buffer.AsSpan(from, to - from).CopyTo(buffer);
                (from, to) = (0, to - from);
                if (to == buffer.Length)
                    Array.Resize(ref buffer, (int)Math.Min(mostBytes + 1L, 2L * buffer.Length));
                var read = file.Read(buffer, to, buffer.Length - to);
                (ended, to) = (read == 0, to + read);
                continue;
            }
            yield return (number, Text(buffer.AsSpan(from, line), $"{path}:{number}"));
            from = Math.Min(to, from + line + 1);
            number++;
        }
    }

    static string Text(ReadOnlySpan<byte> line, string at)
    {
        var mark = Encoding.UTF8.Preamble;
        line = line.StartsWith(mark) ? line[mark.Length..] : line;
        try
        {
            return _strict.GetString(line.EndsWith("\r"u8) ? line[..^1] : line);
        }
        catch (DecoderFallbackException)
        {
            throw new BadInputException($"{at}: bytes that are no UTF-8; expected a text file in UTF-8");
        }
    }

    static FileStream Open(string path, string expected)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (Exception e) when (OutputFile.IsOfFiles(e))
        {
            throw new BadInputException(
                $"{path}: cannot be read ({e.Message.TrimEnd('.')}); expected {expected}");
        }
    }
}
