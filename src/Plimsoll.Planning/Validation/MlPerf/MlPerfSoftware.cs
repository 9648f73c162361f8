using System;
using System.Text.RegularExpressions;

namespace Plimsoll.Planning.Validation.MlPerf;

/// <summary>Whose engine a result was made with, and which release of it.</summary>
sealed partial record MlPerfSoftware(string Engine, string Release)
{
    /// <summary>
    /// The release of vLLM where the software states it. TensorRT's own number is no release of TensorRT-LLM,
    /// and others state none: then the newest there was when the round's results were due.
    /// </summary>
    public static MlPerfSoftware Of(string round, string software)
    {
        if (Stated().Match(software) is { Success: true } stated)
            return new MlPerfSoftware("vllm", stated.Groups["release"].Value);
        var early = round == "v4.1";
        return software.Contains("TensorRT", StringComparison.Ordinal)
            ? new MlPerfSoftware("trtllm", early ? "0.11" : "1.0")
            : new MlPerfSoftware("vllm", early ? "0.5" : "0.10");
    }

    [GeneratedRegex(@"\bvllm[ -]v?(?<release>\d+\.\d+(\.\d+)?)", RegexOptions.IgnoreCase)]
    private static partial Regex Stated();
}
