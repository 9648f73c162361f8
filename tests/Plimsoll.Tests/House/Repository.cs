using System.Collections.Generic;
using System.IO;
using System.Runtime.CompilerServices;

namespace Plimsoll.Tests.House;

/// <summary>The checked-out repository that these tests were built from.</summary>
static class Repository
{
    public static string Root { get; } = Find();

    public static string File(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Source files below a folder, build outputs left out, by path relative to the root.</summary>
    public static IEnumerable<string> Sources(string folder, string pattern)
    {
        foreach (var file in Directory.EnumerateFiles(File(folder), pattern, SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(Root, file).Replace('\\', '/');
            if (!path.Contains("/obj/") && !path.Contains("/bin/"))
                yield return path;
        }
    }

    static string Find([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
