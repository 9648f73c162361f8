using System.Globalization;
using Plimsoll.Core;

namespace Plimsoll.Server.Configuration;

/// <summary>The numbers of a simulated engine, or of a twin: inside what an engine could be.</summary>
static class SimulatedCheck
{
    const int MostBlockTokens = 4096;
    const int MostBlocks = 1 << 24;
    const int MostSequences = 1 << 16;
    const int MostTokens = 1 << 24;

    public static void Check(SimulatedConfig config, string where)
    {
        Whole(config.Tp, 64, $"{where}: tp");
        Whole(config.Replicas, 1024, $"{where}: replicas");
        Whole(config.BlockSize, MostBlockTokens, $"{where}: block_size");
        Whole(config.NumGpuBlocks, MostBlocks, $"{where}: num_gpu_blocks");
        Whole(config.MaxNumSeqs, MostSequences, $"{where}: max_num_seqs");
        Whole(config.MaxNumBatchedTokens, MostTokens, $"{where}: max_num_batched_tokens");
        Whole(config.MaxModelLen, MostTokens, $"{where}: max_model_len");
        if (!(config.MedianOutputTokens is >= 1 and <= MostTokens))
        {
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
                $"{where}: median_output_tokens {config.MedianOutputTokens}: expected 1 to {MostTokens}"));
        }
    }

    static void Whole(int? value, int most, string key)
    {
        if (value < 1 || value > most)
            throw new BadInputException($"{key} {value}: expected 1 to {most}");
    }
}
