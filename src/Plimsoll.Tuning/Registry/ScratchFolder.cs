using System;
using System.IO;

namespace Plimsoll.Tuning.Registry;

/// <summary>
/// A folder for what is needed for a while, under a registry's <c>work</c>. It goes when it is disposed. A
/// file beside it, held open, says that its process lives: what killed processes left goes with
/// <see cref="RemoveLeft"/>.
/// </summary>
public sealed class ScratchFolder : IDisposable
{
    const string LeaseSuffix = ".lease";

    readonly FileStream _lease;

    /// <param name="registry">The registry's folder.</param>
    /// <param name="purpose">For who looks into <c>work</c>.</param>
    public ScratchFolder(string registry, string purpose)
    {
        var work = System.IO.Path.Combine(registry, "work");
        Directory.CreateDirectory(work);
        Path = System.IO.Path.Combine(work, $"{purpose}-{Guid.NewGuid():N}");
        // Before the folder: one that is there is held.
        _lease = new FileStream(Path + LeaseSuffix, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public string In(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Removes folders whose process has ended without doing so.</summary>
    public static void RemoveLeft(string registry)
    {
        var work = System.IO.Path.Combine(registry, "work");
        if (!Directory.Exists(work))
            return;
        foreach (var folder in Directory.GetDirectories(work))
        {
            try
            {
                if (!File.Exists(folder + LeaseSuffix))
                    continue;
                using var lease = new FileStream(
                    folder + LeaseSuffix, FileMode.Open, FileAccess.Write, FileShare.None);
                Remove(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Its process lives, or another removes it now.
            }
        }
    }

    public void Dispose()
    {
        Remove(Path);
        _lease.Dispose();
    }

    static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        File.Delete(folder + LeaseSuffix);
    }
}
