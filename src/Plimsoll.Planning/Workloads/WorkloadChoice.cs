using System.IO;
using Plimsoll.Planning.Workloads.Families;

namespace Plimsoll.Planning.Workloads;

/// <summary>What <c>--workload</c> names: a built-in family, a family file, or a trace.</summary>
public static class WorkloadChoice
{
    public static Workload Open(string nameOrPath)
    {
        if (!File.Exists(nameOrPath))
            return WorkloadFamily.Find(nameOrPath);
        using var stream = File.OpenRead(nameOrPath);
        return new WorkloadFamily(FamilySpec.Read(stream, nameOrPath));
    }
}
