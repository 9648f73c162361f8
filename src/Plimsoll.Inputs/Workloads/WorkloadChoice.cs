using System.IO;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Workloads;

/// <summary>What the workload of a command names: a built-in family, a family file, or a trace.</summary>
public static class WorkloadChoice
{
    public static Workload Open(
        string nameOrPath, TraceOptions? options = null, Setting setting = Setting.Workload)
    {
        if (Directory.Exists(nameOrPath))
        {
            throw new BadInputException($"{setting} {nameOrPath}", "is a folder",
                "a trace, a family's file or its name");
        }
        if (!File.Exists(nameOrPath))
        {
            // A family's name has neither a folder nor, before its modifiers, an ending.
            return nameOrPath.Contains('/') || nameOrPath.Contains('\\')
                || Path.HasExtension(nameOrPath.Split(':')[0])
                ? throw new BadInputException($"{setting} {nameOrPath}", "no such file",
                    "a trace or a family")
                : WorkloadFamily.Find(nameOrPath, setting);
        }
        var source = TraceSource.Open(nameOrPath);
        try
        {
            return IsFamily(source)
                ? new WorkloadFamily(FamilySpec.Read(source, nameOrPath))
                : new TraceWorkload(
                    Trace.Load(TraceFormats.Open(source, options ?? new TraceOptions())),
                        Path.GetFileName(nameOrPath));
        }
        finally
        {
            source.Dispose();
        }
    }

    /// <summary>A family is one JSON object with a rate in it; a trace has a request per line.</summary>
    static bool IsFamily(TraceSource source) =>
        TraceFormats.IsJson(source.Head())
            && TraceFormats.Fields(source.Head()).Contains("requestsPerSecond");
}
