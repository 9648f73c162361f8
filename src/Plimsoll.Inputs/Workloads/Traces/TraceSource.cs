using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.IO.Compression;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// The bytes of a trace file, unpacked if it is gzip or Zstandard (told by its first bytes, not its name),
/// and the place in it that an error names.
/// </summary>
public sealed class TraceSource : ForwardStream
{
    const int HeadBytes = 1 << 16;

    readonly Stream _file;
    readonly Stream _unpacked;
    byte[]? _head;
    int _headTaken;
    bool _any;

    TraceSource(string name, Stream file, Stream unpacked)
    {
        Name = name;
        _file = file;
        _unpacked = unpacked;
    }

    /// <summary>The file as the user wrote it.</summary>
    public string Name { get; }

    /// <summary>The line now being read, from 1.</summary>
    public long Line { get; set; }

    public static TraceSource Open(string path)
    {
        if (Directory.Exists(path))
            throw new BadInputException($"{path}: is a folder; expected a trace file");
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BadInputException(
                e is FileNotFoundException or DirectoryNotFoundException
                    ? $"{path}: no such file; expected a trace file or the name of a workload"
                    : $"{path}: cannot be read; expected a readable trace file");
        }
        var packed = new HeadedStream(file);
        Stream unpacked = packed.Peek(4) switch
        {
            [0x1F, 0x8B, ..] => new GZipStream(packed, CompressionMode.Decompress),
            [0x28, 0xB5, 0x2F, 0xFD] => new ZstdSharp.DecompressionStream(packed),
            _ => packed,
        };
        return new TraceSource(path, packed, unpacked);
    }

    /// <summary>The first bytes, unpacked; before anything is read. A file of blanks is an error.</summary>
    public byte[] Head()
    {
        if (_head is not null)
            return _head;
        var head = new byte[HeadBytes];
        var read = this.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false);
        if (head.AsSpan(0, read).IndexOfAnyExcept(" \t\r\n\uFEFF"u8) < 0)
            throw new BadInputException($"{Name}: is empty; expected at least one request");
        return _head = head[..read];
    }

    [DoesNotReturn]
    public void Fail(string what) => throw Error(what);

    public BadInputException Error(string what) => new($"{Place}: {what}");

    /// <summary>The file, and the line where lines are counted.</summary>
    public string Place => Line > 0 ? $"{Name}, line {Line}" : Name;

    public override int Read(Span<byte> buffer)
    {
        if (_head is not null && _headTaken < _head.Length)
        {
            var count = Math.Min(buffer.Length, _head.Length - _headTaken);
            _head.AsSpan(_headTaken, count).CopyTo(buffer);
            _headTaken += count;
            return count;
        }
        try
        {
            var read = _unpacked.Read(buffer);
            // A gzip file cut inside its header unpacks to nothing without a complaint.
            if (read == 0 && !_any && _unpacked != _file && !buffer.IsEmpty)
                throw new EndOfStreamException();
            _any = true;
            return read;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or IOException
            or ZstdSharp.ZstdException)
        {
            throw Error(
                "the compressed data is empty, cut short or damaged; expected a whole .gz or .zst file");
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _unpacked.Dispose();
            _file.Dispose();
        }
        base.Dispose(disposing);
    }
}
