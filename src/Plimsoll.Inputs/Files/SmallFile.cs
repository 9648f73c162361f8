using System;
using System.IO;
using System.Text;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Files;

/// <summary>
/// Reads a file that is small by nature, such as a model's config, and gives up on what is not.
/// </summary>
public static class SmallFile
{
    /// <summary>A hundred times the largest published config.json.</summary>
    public const int MostBytes = 16 << 20;

    /// <param name="path">A file, or a device or pipe that ends.</param>
    /// <param name="expected">What it should be, for the error.</param>
    public static string ReadText(string path, string expected)
    {
        try
        {
            using var stream = File.OpenRead(path);
            var bytes = new byte[Math.Min(MostBytes, stream.CanSeek ? stream.Length : 0) + 1];
            var read = 0;
            while (true)
            {
                var more = stream.Read(bytes.AsSpan(read));
                if (more == 0)
                    return new StreamReader(new MemoryStream(bytes, 0, read), Encoding.UTF8).ReadToEnd();
                read += more;
                if (read > MostBytes)
                {
                    throw new BadInputException(
                        $"{path}: is larger than {MostBytes >> 20} MB; expected {expected}");
                }
                if (read == bytes.Length)
                    Array.Resize(ref bytes, Math.Min(MostBytes + 1, Math.Max(4096, 2 * bytes.Length)));
            }
        }
        catch (Exception e) when (OutputFile.IsOfFiles(e))
        {
            throw new BadInputException(
                $"{path}: cannot be read ({e.Message.TrimEnd('.')}); expected {expected}");
        }
    }
}
