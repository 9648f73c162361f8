using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Gguf;

/// <summary>
/// Writes a GGUF file, version 3: metadata in the order in which it was set, tensors in the order
/// in which they were added, each from bytes that are asked for when its turn comes. The same calls
/// give the same bytes.
/// </summary>
public sealed class GgufWriter
{
    const int Alignment = 32;

    readonly List<(string Key, object Value)> _metadata = [];
    readonly List<(string Name, long[] Shape, TensorFormat Format, Func<byte[]> Bytes)> _tensors = [];
    readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public GgufWriter(string architecture) => Set("general.architecture", architecture);

    /// <summary>
    /// Sets a value: a number of any width, <c>bool</c>, <c>string</c>, or an array of one of those (arrays
    /// too, as <c>object[]</c>). A key set again takes the new value.
    /// </summary>
    public GgufWriter Set(string key, object value)
    {
        KindOf(value is Array array ? ElementOf(array) : value.GetType());
        var index = _metadata.FindIndex(entry => entry.Key == key);
        if (index >= 0)
            _metadata[index] = (key, value);
        else
            _metadata.Add((key, value));
        return this;
    }

    /// <summary>Copies a file's metadata, so that a derived file says what its origin said.</summary>
    public GgufWriter SetAll(IReadOnlyDictionary<string, object> metadata)
    {
        foreach (var (key, value) in metadata)
        {
            if (key != "general.alignment")
                Set(key, value);
        }
        return this;
    }

    /// <summary>Adds a tensor of these numbers; dimensions with the fastest first.</summary>
    public GgufWriter Add(string name, ReadOnlySpan<long> shape, TensorFormat format, float[] values) =>
        Add(name, shape, format, () => TensorNumbers.Encode(values, format));

    /// <summary>Adds a tensor whose stored bytes are fetched while the file is written.</summary>
    public GgufWriter Add(string name, ReadOnlySpan<long> shape, TensorFormat format, Func<byte[]> bytes)
    {
        if (name.Length is 0 or > 63)
            throw new ArgumentException("a tensor's name has 1 to 63 characters", nameof(name));
        if (shape.Length is 0 or > 4 || shape[0] % Math.Max(1, format.Block().Numbers) != 0)
        {
            throw new ArgumentException(
                $"tensor {name} of shape {string.Join('x', shape.ToArray())} cannot be {format}",
                nameof(shape));
        }
        if (!_names.Add(name))
            throw new ArgumentException($"tensor {name} is there already", nameof(name));
        _tensors.Add((name, shape.ToArray(), format, bytes));
        return this;
    }

    /// <summary>Writes the file whole or not at all.</summary>
    public void Save(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var draft = System.IO.Path.Combine(folder, $".{System.IO.Path.GetFileName(path)}.{Guid.NewGuid():N}");
        try
        {
            using (var stream = new FileStream(draft, FileMode.CreateNew, FileAccess.Write))
            {
                WriteTo(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} cannot be written: {e.Message}");
        }
        finally
        {
            File.Delete(draft);
        }
    }

    public void WriteTo(Stream stream)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(0x46554747u);
        writer.Write(3u);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_metadata.Count);
        var header = 24L;
        foreach (var (key, value) in _metadata)
            header += Text(writer, key) + Entry(writer, value);
        var offset = 0L;
        foreach (var tensor in _tensors)
        {
            header += Text(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Length);
            foreach (var length in tensor.Shape)
                writer.Write((ulong)length);
            writer.Write((uint)tensor.Format);
            writer.Write((ulong)offset);
            header += 16 + 8 * tensor.Shape.Length;
            offset += Aligned(BytesOf(tensor.Shape, tensor.Format));
        }
        Pad(writer, Aligned(header) - header);
        foreach (var tensor in _tensors)
        {
            var expected = BytesOf(tensor.Shape, tensor.Format);
            var bytes = tensor.Bytes();
            if (bytes.Length != expected)
            {
                throw new InvalidOperationException(
                    $"tensor {tensor.Name} has {bytes.Length} bytes, its shape needs {expected}");
            }
            writer.Write(bytes);
            Pad(writer, Aligned(expected) - expected);
        }
    }

    static long BytesOf(long[] shape, TensorFormat format)
    {
        var numbers = 1L;
        foreach (var length in shape)
            numbers *= length;
        return format.BytesFor(numbers);
    }

    static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    static void Pad(BinaryWriter writer, long bytes) => writer.Write(new byte[bytes]);

    static long Text(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
        return 8 + bytes.Length;
    }

    static long Entry(BinaryWriter writer, object value)
    {
        writer.Write((uint)(value is Array ? GgufKind.Array : KindOf(value.GetType())));
        return 4 + Value(writer, value);
    }

    static long Values(BinaryWriter writer, Array array)
    {
        writer.Write((uint)KindOf(ElementOf(array)));
        writer.Write((ulong)array.Length);
        var bytes = 12L;
        foreach (var item in array)
            bytes += Value(writer, item);
        return bytes;
    }

    static long Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case Array array: return Values(writer, array);
            case string text: return Text(writer, text);
            case bool truth: writer.Write(truth); return 1;
            case byte n: writer.Write(n); return 1;
            case sbyte n: writer.Write(n); return 1;
            case ushort n: writer.Write(n); return 2;
            case short n: writer.Write(n); return 2;
            case uint n: writer.Write(n); return 4;
            case int n: writer.Write(n); return 4;
            case float n: writer.Write(n); return 4;
            case ulong n: writer.Write(n); return 8;
            case long n: writer.Write(n); return 8;
            case double n: writer.Write(n); return 8;
            default: throw new ArgumentException($"a GGUF file cannot hold a {value.GetType().Name}");
        }
    }

    static Type ElementOf(Array array) => array.GetType().GetElementType()!;

    static GgufKind KindOf(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => GgufKind.UInt8,
        TypeCode.SByte => GgufKind.Int8,
        TypeCode.UInt16 => GgufKind.UInt16,
        TypeCode.Int16 => GgufKind.Int16,
        TypeCode.UInt32 => GgufKind.UInt32,
        TypeCode.Int32 => GgufKind.Int32,
        TypeCode.Single => GgufKind.Float32,
        TypeCode.Boolean => GgufKind.Bool,
        TypeCode.String => GgufKind.String,
        TypeCode.UInt64 => GgufKind.UInt64,
        TypeCode.Int64 => GgufKind.Int64,
        TypeCode.Double => GgufKind.Float64,
        _ when type.IsArray || type == typeof(object) => GgufKind.Array,
        _ => throw new ArgumentException($"a GGUF file cannot hold a {type.Name}"),
    };
}
