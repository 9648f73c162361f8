using System.Collections.Generic;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Datasets;

/// <summary>How a dataset is made of records. Every choice is part of the dataset's manifest.</summary>
public sealed record DatasetOptions
{
    /// <summary>
    /// Estimated overlap from which two records are one; 0 keeps them all, and in one group.
    /// </summary>
    public double NearDuplicateSimilarity { get; init; } = 0.8;

    public bool RedactPii { get; init; } = true;
    public double ValidationShare { get; init; } = 0.1;
    public ulong Seed { get; init; } = 1;

    /// <summary>Longer records are left out, and counted; 0 keeps all.</summary>
    public int MostTokens { get; init; }

    /// <summary>Files of evaluation records, by the name of the set.</summary>
    public IReadOnlyDictionary<string, string> EvaluationSets { get; init; } = new Dictionary<string,
        string>();

    public DatasetOptions Validated()
    {
        if (NearDuplicateSimilarity is not (0 or (>= 0.3 and <= 1)))
        {
            throw new BadInputException("near_duplicate_similarity "
                + $"{NearDuplicateSimilarity}; expected 0 or 0.3 to 1");
        }
        if (ValidationShare is not (>= 0 and < 1))
            throw new BadInputException($"validation_share {ValidationShare}; expected 0 to 1");
        return this;
    }
}
