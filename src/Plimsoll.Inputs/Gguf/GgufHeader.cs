using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Gguf;

/// <summary>
/// Reads what stands before a GGUF file's tensors. Nothing in the file is believed: every length is held
/// against the bytes that are left before memory is taken for it, so a damaged or hostile file costs one
/// line and no more memory than the file is long.
/// </summary>
ref struct GgufHeader
{
    const int DeepestArray = 4;
    const int LongestName = 65_535;
    const int MostDimensions = 4;

    readonly Stream _stream;
    readonly string _name;
    readonly long _length;
    readonly byte[] _scratch;
    long _position;

    public GgufHeader(Stream stream, string name)
    {
        _stream = stream;
        _name = name;
        _length = stream.Length;
        _scratch = new byte[8];
        Metadata = new Dictionary<string, object>(StringComparer.Ordinal);
        Tensors = [];
    }

    public Dictionary<string, object> Metadata { get; }

    public List<TensorSpec> Tensors { get; }

    /// <summary>The path in words of the format: magic, version, counts, metadata, tensors, data.</summary>
    public void Read()
    {
        var magic = ReadUInt32("the magic number");
        if (magic != 0x46554747)
            throw Bad("does not begin with \"GGUF\"");
        var version = ReadUInt32("the version");
        if (version is < 2 or > 3)
        {
            throw Bad($"is GGUF version {version}; 2 and 3 are understood"
                + ((version & 0xFFFF) == 0 ? " (it may be big-endian, which is not)" : ""));
        }
        var tensors = ReadCount("the number of tensors", bytesEach: 4 + 8 + 8 + 1);
        var entries = ReadCount("the number of metadata entries", bytesEach: 8 + 4 + 1);
        for (var i = 0; i < entries; i++)
            ReadEntry();
        for (var i = 0; i < tensors; i++)
            ReadTensor();
        Place();
    }

    void ReadEntry()
    {
        var key = ReadString("a metadata key");
        if (key.Length is 0 or > LongestName)
            throw Bad("has a metadata key that is empty or longer than the format allows");
        var value = ReadValue(ReadKind(key), key, depth: 0);
        if (!Metadata.TryAdd(key, value))
            throw Bad($"gives metadata {Quoted(key)} twice");
    }

    GgufKind ReadKind(string key)
    {
        var kind = ReadUInt32($"the type of {Quoted(key)}");
        return kind <= (uint)GgufKind.Float64
            ? (GgufKind)kind
            : throw Bad($"gives metadata {Quoted(key)} the unknown type {kind}");
    }

    object ReadValue(GgufKind kind, string key, int depth) => kind switch
    {
        GgufKind.UInt8 => ReadBytes(1, key)[0],
        GgufKind.Int8 => (sbyte)ReadBytes(1, key)[0],
        GgufKind.UInt16 => BitConverter.ToUInt16(ReadBytes(2, key)),
        GgufKind.Int16 => BitConverter.ToInt16(ReadBytes(2, key)),
        GgufKind.UInt32 => BitConverter.ToUInt32(ReadBytes(4, key)),
        GgufKind.Int32 => BitConverter.ToInt32(ReadBytes(4, key)),
        GgufKind.Float32 => BitConverter.ToSingle(ReadBytes(4, key)),
        GgufKind.UInt64 => BitConverter.ToUInt64(ReadBytes(8, key)),
        GgufKind.Int64 => BitConverter.ToInt64(ReadBytes(8, key)),
        GgufKind.Float64 => BitConverter.ToDouble(ReadBytes(8, key)),
        GgufKind.Bool => ReadBool(key),
        GgufKind.String => ReadString(key),
        _ => ReadArray(key, depth),
    };

    bool ReadBool(string key) => ReadBytes(1, key)[0] switch
    {
        0 => false,
        1 => true,
        var other => throw Bad($"gives metadata {Quoted(key)} the truth value {other}"),
    };

    object ReadArray(string key, int depth)
    {
        if (depth == DeepestArray)
            throw Bad($"nests the arrays of {Quoted(key)} deeper than {DeepestArray}");
        var kind = ReadKind(key);
        var width = Width(kind);
        var count = ReadCount($"the length of {Quoted(key)}", width);
        switch (kind)
        {
            case GgufKind.UInt8: return ReadAll<byte>(count, key);
            case GgufKind.Int8: return ReadAll<sbyte>(count, key);
            case GgufKind.UInt16: return ReadAll<ushort>(count, key);
            case GgufKind.Int16: return ReadAll<short>(count, key);
            case GgufKind.UInt32: return ReadAll<uint>(count, key);
            case GgufKind.Int32: return ReadAll<int>(count, key);
            case GgufKind.Float32: return ReadAll<float>(count, key);
            case GgufKind.UInt64: return ReadAll<ulong>(count, key);
            case GgufKind.Int64: return ReadAll<long>(count, key);
            case GgufKind.Float64: return ReadAll<double>(count, key);
            case GgufKind.String:
                var strings = new string[count];
                for (var i = 0; i < count; i++)
                    strings[i] = ReadString(key);
                return strings;
            case GgufKind.Bool:
                var bools = new bool[count];
                for (var i = 0; i < count; i++)
                    bools[i] = ReadBool(key);
                return bools;
            default:
                var arrays = new object[count];
                for (var i = 0; i < count; i++)
                    arrays[i] = ReadArray(key, depth + 1);
                return arrays;
        }
    }

    /// <summary>Fewest bytes one element takes.</summary>
    static int Width(GgufKind kind) => kind switch
    {
        GgufKind.UInt8 or GgufKind.Int8 or GgufKind.Bool => 1,
        GgufKind.UInt16 or GgufKind.Int16 => 2,
        GgufKind.UInt32 or GgufKind.Int32 or GgufKind.Float32 => 4,
        GgufKind.Array => 12,
        _ => 8,
    };

    T[] ReadAll<T>(int count, string key) where T : unmanaged
    {
        var values = new T[count];
        Fill(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()), key);
        return values;
    }

    void ReadTensor()
    {
        var name = ReadString("a tensor's name");
        if (name.Length is 0 or > 63)
            throw Bad($"has a tensor whose name of {name.Length} characters is not between 1 and 63");
        var dimensions = ReadUInt32($"the dimensions of {Quoted(name)}");
        if (dimensions is 0 or > MostDimensions)
        {
            throw Bad(
                $"gives tensor {Quoted(name)} {dimensions} dimensions; 1 to {MostDimensions} are possible");
        }
        var shape = new long[dimensions];
        var numbers = 1L;
        for (var i = 0; i < dimensions; i++)
        {
            var length = ReadUInt64(name);
            if (length == 0 || length > (ulong)(long.MaxValue / 16 / numbers))
                throw Bad($"gives tensor {Quoted(name)} a dimension of {length}");
            shape[i] = (long)length;
            numbers *= shape[i];
        }
        var format = (TensorFormat)ReadUInt32(name);
        var block = format.Block();
        if (block.Numbers == 0)
            throw Bad($"stores tensor {Quoted(name)} in the unknown format {(int)format}");
        if (shape[0] % block.Numbers != 0)
        {
            throw Bad(
                $"stores rows of {shape[0]} in tensor {Quoted(name)} as {format}, which takes multiples of "
                    + $"{block.Numbers}");
        }
        var offset = ReadUInt64(name);
        if (offset > long.MaxValue / 2)
            throw Bad($"puts tensor {Quoted(name)} at the impossible offset {offset}");
        Tensors.Add(new TensorSpec(name, shape, format, (long)offset, numbers / block.Numbers * block.Bytes));
    }

    /// <summary>Turns offsets into places in the file and holds every tensor against its end.</summary>
    void Place()
    {
        var alignment = 32L;
        if (Metadata.TryGetValue("general.alignment", out var value))
        {
            alignment = value is uint given and > 0 and <= 1 << 20 && (given & (given - 1)) == 0
                ? given
                : throw Bad("has an alignment that is not a power of two up to 1048576");
        }
        var start = (_position + alignment - 1) / alignment * alignment;
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Tensors.Count; i++)
        {
            var tensor = Tensors[i];
            if (!names.Add(tensor.Name))
                throw Bad($"has tensor {Quoted(tensor.Name)} twice");
            if (tensor.Offset % alignment != 0)
            {
                throw Bad(
                    $"puts tensor {Quoted(tensor.Name)} at offset {tensor.Offset}, not "
                        + $"a multiple of {alignment}");
            }
            if (tensor.Bytes > _length - start || tensor.Offset > _length - start - tensor.Bytes)
            {
                throw Bad($"ends at byte {_length}, inside tensor {Quoted(tensor.Name)}, "
                    + $"which needs {tensor.Bytes} bytes from {start + tensor.Offset}");
            }
            Tensors[i] = tensor with { Offset = start + tensor.Offset };
        }
    }

    int ReadCount(string what, int bytesEach)
    {
        var count = ReadUInt64(what);
        return count <= (ulong)((_length - _position) / bytesEach) && count <= int.MaxValue / 2
            ? (int)count
            : throw Bad(
                $"says {what} is {count}, more than the {_length - _position} bytes that follow can hold");
    }

    string ReadString(string what)
    {
        var length = ReadUInt64(what);
        if (length > (ulong)(_length - _position) || length > int.MaxValue / 2)
        {
            throw Bad(
                $"ends at byte {_length}, inside the text of {Quoted(what)}, said to be {length} bytes long");
        }
        var bytes = length <= 512 ? stackalloc byte[(int)length] : new byte[length];
        Fill(bytes, what);
        return Encoding.UTF8.GetString(bytes);
    }

    uint ReadUInt32(string what) => BitConverter.ToUInt32(ReadBytes(4, what));

    ulong ReadUInt64(string what) => BitConverter.ToUInt64(ReadBytes(8, what));

    ReadOnlySpan<byte> ReadBytes(int count, string what)
    {
        Fill(_scratch.AsSpan(0, count), what);
        return _scratch.AsSpan(0, count);
    }

    void Fill(scoped Span<byte> bytes, string what)
    {
        if (bytes.Length > _length - _position
            || _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw Bad($"ends at byte {_length}, inside {(what.Contains(' ') ? what : Quoted(what))}");
        }
        _position += bytes.Length;
    }

    readonly BadInputException Bad(string problem) =>
        new($"{_name} {problem}; a whole GGUF file was expected");

    /// <summary>Names come from the file: they are cut and lose their control characters.</summary>
    static string Quoted(string name)
    {
        var text = new StringBuilder("\"");
        foreach (var character in name.AsSpan(0, Math.Min(name.Length, 60)))
            text.Append(char.IsControl(character) ? '?' : character);
        return text.Append('"').ToString();
    }
}
