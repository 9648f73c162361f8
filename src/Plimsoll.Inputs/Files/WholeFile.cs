using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Files;

/// <summary>Writes a file whole or not at all; see <see cref="OutputFile"/>.</summary>
public static class WholeFile
{
    public static void Write(string path, string content) => Write(path, writer => writer.Write(content));

    /// <summary>A path that cannot be written throws <see cref="BadInputException"/>.</summary>
    public static void Write(string path, Action<TextWriter> write) => WriteBytes(path, stream =>
    {
        using var writer = new StreamWriter(stream);
        write(writer);
    });

    /// <summary>A path that cannot be written throws <see cref="BadInputException"/>.</summary>
    public static void WriteBytes(string path, Action<Stream> write)
    {
        using var file = OutputFile.Create(path);
        try
        {
            write(file.Stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw OutputFile.Unwritable(path, e);
        }
        file.Keep();
    }

    /// <summary>Writes finished files into a folder, which is made when it is not there.</summary>
    public static void WriteIn(string folder, IReadOnlyList<(string Name, byte[] Content)> files)
    {
        CheckFolder(folder);
        foreach (var (name, content) in files)
            WriteBytes(Path.Combine(folder, name), file => file.Write(content));
    }

    /// <summary>Throws before long work what <see cref="WriteBytes"/> would throw after it.</summary>
    public static void Check(string path) => OutputFile.Check(path);

    /// <summary>Makes a folder where there is none and throws where files cannot be written in it.</summary>
    public static void CheckFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (OutputFile.IsOfFiles(e))
        {
            throw new BadInputException(
                $"{folder}: cannot be written ({e.Message.TrimEnd('.')}); expected a writable folder");
        }
        OutputFile.Check(Path.Combine(folder, "plimsoll"));
    }
}
