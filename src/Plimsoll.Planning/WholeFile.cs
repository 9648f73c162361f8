using System;
using System.IO;

namespace Plimsoll.Planning;

/// <summary>Writes a file whole or not at all: beside its place first, then moved there.</summary>
public static class WholeFile
{
    public static void Write(string path, string content) => Write(path, writer => writer.Write(content));

    /// <summary>A path that cannot be written throws <see cref="BadInputException"/>.</summary>
    public static void Write(string path, Action<TextWriter> write)
    {
        var temporary = path + ".partial";
        try
        {
            try
            {
                using (var writer = new StreamWriter(temporary))
                    write(writer);
                File.Move(temporary, path, overwrite: true);
            }
            finally
            {
                File.Delete(temporary);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: cannot be written ({e.Message.TrimEnd('.')}); expected a writable path");
        }
    }
}
