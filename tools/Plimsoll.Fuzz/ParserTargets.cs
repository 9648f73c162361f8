using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Inputs.Profiles;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Fuzz;

/// <summary>
/// Every parser of what a user may hand over, fed with bytes. It may say
/// <see cref="BadInputException"/> and nothing else.
/// </summary>
static class ParserTargets
{
    static readonly Deployment Measured = new()
    {
        Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
        Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
    };

    public static IReadOnlyDictionary<string, Action<byte[]>> All { get; } =
        new SortedDictionary<string, Action<byte[]>>(StringComparer.Ordinal)
        {
            ["trace"] = bytes => WithFile(bytes, ".jsonl", path => Trace.Load(path)),
            ["mapped-trace"] = bytes => WithFile(bytes, ".csv", path => Trace.Load(
                path, new TraceOptions { Map = ColumnMap.Parse("time=t:s,input=in,output=out,session=s") })),
            ["family"] = bytes => WithFile(bytes, ".json", path => WorkloadChoice.Open(path)),
            ["measured"] = bytes => WithFile(bytes, ".json", path => CalibrationFile.Read(path, Measured)),
            ["config"] = bytes => WithFile(bytes, ".json", path => HuggingFaceConfig.Read(path)),
            ["profile"] = bytes => ProfileFile.Parse("profile.json", Encoding.UTF8.GetString(bytes)),
            ["column-map"] = bytes => ColumnMap.Parse(Encoding.UTF8.GetString(bytes)),
            ["promise"] = bytes => PromiseText.Parse(Encoding.UTF8.GetString(bytes)),
            ["price"] = bytes => Catalogue.BuiltIn.FindPrice(
                Measured.Accelerator, Encoding.UTF8.GetString(bytes)),
            ["workload-name"] = bytes => WorkloadChoice.Open(Encoding.UTF8.GetString(bytes)),
        };

    /// <summary>Runs one target; what is no bad input comes out as it is.</summary>
    public static void Run(Action<byte[]> target, byte[] bytes)
    {
        try
        {
            target(bytes);
        }
        catch (BadInputException)
        {
            // To say what is wrong is what a parser owes.
        }
    }

    static void WithFile(byte[] bytes, string ending, Action<string> read)
    {
        var path = Path.Combine(Path.GetTempPath(), $"plimsoll-fuzz-{Environment.ProcessId}{ending}");
        File.WriteAllBytes(path, bytes);
        try
        {
            read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
