using System;
using System.Buffers.Binary;
using System.IO;
using System.IO.Compression;
using System.IO.Hashing;
using Plimsoll.Core.Draws;

namespace Plimsoll.Bench.Prompts;

/// <summary>
/// A picture of coloured squares that no other request has, so that no cache of pictures helps, and that
/// packs to a few kilobytes, so that the network does not become the benchmark. (PNG, ISO/IEC 15948)
/// </summary>
static class GeneratedPicture
{
    const int Square = 32;
    const int BytesPerPixel = 3;

    public static byte[] Png(int width, int height, ulong seed)
    {
        using var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        // Eight bits a channel, red green blue.
        (header[8], header[9]) = (8, 2);
        Chunk(png, "IHDR"u8, header);
        Chunk(png, "IDAT"u8, Pixels(width, height, seed));
        Chunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    static byte[] Pixels(int width, int height, ulong seed)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var random = new RandomStream(seed, purpose: 33);
            var row = new byte[1 + BytesPerPixel * width];
            for (var y = 0; y < height; y++)
            {
                if (y % Square == 0)
                    Colour(row.AsSpan(1), ref random);
                zlib.Write(row);
            }
        }
        return packed.ToArray();
    }

    static void Colour(Span<byte> row, ref RandomStream random)
    {
        ulong colour = 0;
        for (var x = 0; x < row.Length / BytesPerPixel; x++)
        {
            if (x % Square == 0)
                colour = random.NextBits();
            for (var channel = 0; channel < BytesPerPixel; channel++)
                row[BytesPerPixel * x + channel] = (byte)(colour >> (8 * channel));
        }
    }

    static void Chunk(Stream png, ReadOnlySpan<byte> name, byte[] data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(name);
        png.Write(data);
        var check = new Crc32();
        check.Append(name);
        check.Append(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, check.GetCurrentHashAsUInt32());
        png.Write(number);
    }
}
