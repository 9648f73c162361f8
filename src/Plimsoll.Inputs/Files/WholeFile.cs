using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Files;

/// <summary>Writes a file whole or not at all: beside its place first, then moved there.</summary>
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
    public static void WriteBytes(string path, Action<Stream> write) => Beside(path, temporary =>
    {
        using (var stream = File.Create(temporary))
            write(stream);
        File.Move(temporary, path, overwrite: true);
    });

    /// <summary>Writes finished files into a folder, which is made when it is not there.</summary>
    public static void WriteIn(string folder, IReadOnlyList<(string Name, byte[] Content)> files)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException(
                $"{folder}: cannot be written ({e.Message.TrimEnd('.')}); expected a writable folder");
        }
        foreach (var (name, content) in files)
            WriteBytes(Path.Combine(folder, name), file => file.Write(content));
    }

    /// <summary>
    /// Throws before long work what <see cref="WriteBytes"/> would throw after it; leaves nothing.
    /// </summary>
    public static void Check(string path) => Beside(path, temporary =>
    {
        if (Directory.Exists(path))
            throw new IOException("it is a folder");
        File.Create(temporary).Dispose();
    });

    static void Beside(string path, Action<string> write)
    {
        var temporary = path + ".partial";
        try
        {
            try
            {
                write(temporary);
            }
            finally
            {
                File.Delete(temporary);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, e);
        }
    }

    /// <summary>The one line for a path that cannot be written.</summary>
    public static BadInputException Unwritable(string path, Exception e) =>
        new($"{path}: cannot be written ({e.Message.TrimEnd('.')}); expected a writable path");
}
