using System;
using System.IO;
using System.Runtime.InteropServices;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Files;

/// <summary>
/// A file that appears whole or not at all: it is written under a random name beside its place and moved
/// there by <see cref="Keep"/>. A link is followed; a device or a pipe, which cannot be replaced, is written
/// directly. What is not kept is removed, also when the process is told to stop.
/// </summary>
public sealed class OutputFile : IDisposable
{
    readonly string _path;
    readonly string _target;
    readonly string? _temporary;
    readonly PosixSignalRegistration[] _signals;
    readonly FileStream _stream;
    bool _closed;

    OutputFile(string path)
    {
        _path = path;
        _target = SpecialFile.Is(path) ? path : Followed(path);
        _temporary = SpecialFile.Is(path) ? null : $"{_target}.{Path.GetRandomFileName()}.partial";
        _stream = _temporary is null
            ? new FileStream(path, FileMode.Open, FileAccess.Write)
            : new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write);
        _signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Stopped),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stopped),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stopped),
        ];
    }

    public Stream Stream => _stream;

    /// <summary>
    /// Opens a file to write; a path that cannot be throws <see cref="BadInputException"/>.
    /// </summary>
    public static OutputFile Create(string path)
    {
        if (Directory.Exists(path))
            throw new BadInputException($"{path}: is a folder; expected a file to write");
        try
        {
            return new OutputFile(path);
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            throw Unwritable(path, e);
        }
    }

    /// <summary>Throws before long work what <see cref="Create"/> would throw after it.</summary>
    public static void Check(string path)
    {
        // To open a pipe would wait for its reader, and to close it again would end what it reads.
        if (!SpecialFile.Is(path))
            Create(path).Dispose();
    }

    /// <summary>Everything is written: the file takes its place.</summary>
    public void Keep()
    {
        try
        {
            _stream.Dispose();
            if (_temporary is not null)
                File.Move(_temporary, _target, overwrite: true);
            _closed = true;
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            throw Unwritable(_path, e);
        }
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        if (!_closed)
            Remove();
        _closed = true;
    }

    /// <summary>The one line for a path that cannot be written.</summary>
    public static BadInputException Unwritable(string path, Exception e) =>
        new($"{path}: cannot be written ({e.Message.TrimEnd('.')}); expected a writable path");

    internal static bool IsOfFiles(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    void Stopped(PosixSignalContext signal) => Remove();

    void Remove()
    {
        try
        {
            // A full disk is said again by the last flush, which is of no use here.
            _stream.Dispose();
        }
        catch (IOException)
        {
        }
        if (_temporary is not null)
            File.Delete(_temporary);
    }

    static string Followed(string path) =>
        new FileInfo(path).LinkTarget is null
            ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
}
