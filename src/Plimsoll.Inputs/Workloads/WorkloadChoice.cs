using System.IO;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Workloads;

/// <summary>What the workload of a command names: a built-in family, a family file, or a trace.</summary>
public static class WorkloadChoice
{
    public static Workload Open(string nameOrPath, TraceOptions? options = null)
    {
        if (Directory.Exists(nameOrPath))
        {
            throw new BadInputException($"{Setting.Workload} {nameOrPath}", "is a folder",
                "a trace, a family's file or its name");
        }
        if (!File.Exists(nameOrPath))
        {
            // A family's name has neither a folder nor, before its modifiers, an ending.
            return nameOrPath.Contains('/') || nameOrPath.Contains('\\')
                || Path.HasExtension(nameOrPath.Split(':')[0])
                ? throw new BadInputException($"{Setting.Workload} {nameOrPath}", "no such file",
                    "a trace or a family")
                : WorkloadFamily.Find(nameOrPath);
        }
        return IsFamily(nameOrPath)
            ? ReadFamily(nameOrPath)
            : new TraceWorkload(Trace.Load(nameOrPath, options), Path.GetFileName(nameOrPath));
    }

    /// <summary>A family is one JSON object with arrivals in it; a trace has a request per line.</summary>
    static bool IsFamily(string path)
    {
        if (!path.EndsWith(".json", System.StringComparison.OrdinalIgnoreCase))
            return false;
        using var reader = new StreamReader(path);
        var head = new char[4096];
        var text = new string(head, 0, reader.ReadBlock(head));
        return text.Contains("\"requestsPerSecond\"", System.StringComparison.Ordinal);
    }

    static WorkloadFamily ReadFamily(string path)
    {
        using var stream = File.OpenRead(path);
        return new WorkloadFamily(FamilySpec.Read(stream, path));
    }
}
