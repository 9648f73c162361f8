using Plimsoll.Core.Timing;

namespace Plimsoll.Inputs.Profiles;

/// <summary>
/// One machine running one model by an engine of ours, as it was timed: what <c>account</c> and
/// <c>simulate</c> need to answer for it without a catalogue.
/// </summary>
public sealed record MachineProfile
{
    public const string SchemaName = "plimsoll/machine-profile/1";

    public required string Schema { get; init; }

    public required MachineModel Model { get; init; }

    public required MachineFacts Machine { get; init; }

    public required MachineEngine Engine { get; init; }

    /// <summary>Step times, from half of the timed steps.</summary>
    public required MeasuredStepsSpec Steps { get; init; }

    /// <summary>Real step time over predicted in the other half: 90 % lie between low and high.</summary>
    public required ProfileInterval StepError { get; init; }

    /// <summary>Median of |predicted − real| ÷ real there, percent.</summary>
    public required double MedianErrorPercent { get; init; }

    /// <summary>Why it should not be relied on; null where nothing speaks against it.</summary>
    public string? Warning { get; init; }

    /// <summary>Steps fitted to, and steps held out.</summary>
    public required int FittedSteps { get; init; }

    public required int HeldOutSteps { get; init; }

    /// <summary>Day of the measurement, <c>yyyy-MM-dd</c>.</summary>
    public required string AsOf { get; init; }
}

/// <summary>The model's file and what decides its bytes and its FLOPs.</summary>
public sealed record MachineModel
{
    public required string Name { get; init; }

    public required string Family { get; init; }

    public required string File { get; init; }

    public required string Sha256 { get; init; }

    public required long Parameters { get; init; }

    public required int Layers { get; init; }

    public required int Hidden { get; init; }

    public required int Vocabulary { get; init; }

    public required bool TiedEmbeddings { get; init; }

    public required int Heads { get; init; }

    public required int KvHeads { get; init; }

    public required int HeadDim { get; init; }

    public required int ValueHeadDim { get; init; }

    public required int Intermediate { get; init; }

    public required bool Gated { get; init; }

    public required int MaxContext { get; init; }

    /// <summary>Format of most weights, as <c>--weights</c> names them.</summary>
    public required string Weights { get; init; }
}

/// <summary>What the machine's units do at most, as loops that do nothing else reached.</summary>
public sealed record MachineFacts
{
    public required string Name { get; init; }

    public required int Threads { get; init; }

    /// <summary>Products and sums of the file's number format, 10¹² a second.</summary>
    public required double PeakTflops { get; init; }

    /// <summary>Reading memory, 10⁹ bytes a second.</summary>
    public required double MemoryGbPerSecond { get; init; }

    public required double MemoryGb { get; init; }
}

/// <summary>The engine's limits while it was timed.</summary>
public sealed record MachineEngine
{
    public required string Name { get; init; }

    public required string Release { get; init; }

    public required int MaxNumSeqs { get; init; }

    public required int MaxNumBatchedTokens { get; init; }

    public required int BlockSize { get; init; }

    public required int NumBlocks { get; init; }

    /// <summary>From a request's arrival to its first token, less its steps, nanoseconds.</summary>
    public required long RequestNs { get; init; }
}

/// <summary>Reads a profile's file, whichever of the two it is.</summary>
public static class StepTimeProfiles
{
    public static IStepTimeProfile Read(string file)
    {
        var text = Files.SmallFile.ReadText(file, ProfileFile.Expected);
        return MachineProfileFile.Is(text)
            ? new MachineStepTimes(file, MachineProfileFile.Parse(file, text))
            : new FittedStepTimes(file, ProfileFile.Parse(file, text));
    }
}
