using System;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Plimsoll.Server.Gateway;

/// <summary>A uniform number of two texts, the same on every machine and in every release.</summary>
static class StableHash
{
    /// <summary>Above 0 and below 1.</summary>
    public static double Unit(string key, string place)
    {
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{key}\n{place}"), digest);
        return ((BinaryPrimitives.ReadUInt64LittleEndian(digest) >> 11) + 0.5) / (1UL << 53);
    }
}
