using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Files;

/// <summary>
/// Tells devices, pipes and sockets from files. .NET has no name for the difference; Linux's statx answers in
/// a layout that is the same on every processor.
/// </summary>
public static class SpecialFile
{
    const int WorkingFolder = -100;
    const uint TypeOnly = 1;
    const int StatxBytes = 256;
    const int ModeOffset = 28;
    const int TypeBits = 0xF000;
    const int Regular = 0x8000;
    const int Folder = 0x4000;

    /// <summary>Whether something is there, links followed, that is neither a file nor a folder.</summary>
    public static bool Is(string path)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        var answer = new byte[StatxBytes];
        if (Statx(WorkingFolder, path, 0, TypeOnly, answer) != 0)
            return false;
        var type = BinaryPrimitives.ReadUInt16LittleEndian(answer.AsSpan(ModeOffset)) & TypeBits;
        return type is not (Regular or Folder);
    }

    /// <summary>Refuses what cannot be read twice, or never ends.</summary>
    /// <param name="path">What is to be read.</param>
    /// <param name="expected">What it should be, for the error.</param>
    public static void Refuse(string path, string expected)
    {
        if (Is(path))
        {
            throw new BadInputException($"{path}: is a device or a pipe, which cannot be read twice; "
                + $"expected {expected} in a file");
        }
    }

    [DllImport("libc", EntryPoint = "statx")]
    static extern int Statx(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] answer);
}
