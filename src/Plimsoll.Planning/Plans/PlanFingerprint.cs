using System;
using System.Buffers.Binary;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Choices;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// A hash of everything that is asked of a search, so that a journal is never taken for another's.
/// </summary>
public static class PlanFingerprint
{
    public static string Of(PlanRequest request)
    {
        var serving = request.Serving;
        var text = new StringBuilder();
        text.Append(serving.Workload.Name).Append('\n')
            .Append(serving.Workload.Source).Append('\n');
        foreach (var number in new[]
        {
            serving.RequestsPerSecond, serving.Workload.MeanPromptTokens, serving.Workload.MeanOutputTokens,
            serving.Workload.Recorded ?? 0, serving.Requests ?? 0, serving.Seed, request.SpareReplicas,
            request.MaxAccelerators ?? 0, request.BudgetUsdPerHour ?? 0, (int)request.Objective,
            request.WholeNodes ? 1 : 0, request.Exhaustive ? 1 : 0,
        })
        {
            text.Append(number.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        }
        foreach (var level in serving.Levels)
        {
            text.Append(level.Spec).Append(' ').AppendJoin(',', level.Limits.Select(PromiseText.Of)).Append(
                '\n');
        }
        AppendArrivals(text, serving);
        // Two files may give one name to different models.
        foreach (var model in request.Space.Models)
            text.Append(model with { Source = "", AsOf = "" }).Append('\n');
        foreach (var candidate in PlanCandidates.Of(request.Space).Fitting)
        {
            text.Append(candidate.Key).Append(' ')
                .Append(candidate.Price.UsdPerHour.ToString(CultureInfo.InvariantCulture)).Append('\n');
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];
    }

    /// <summary>
    /// A log that was edited, or is read in another way, may have the name, the length and the means of
    /// before.
    /// </summary>
    static void AppendArrivals(StringBuilder text, Serving serving)
    {
        const long Most = 100_000;
        var arrivals = serving.Workload.Open(
            serving.RequestsPerSecond, Math.Min(Most, serving.Workload.Recorded ?? 1), serving.Seed);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var bytes = new byte[sizeof(long)];
        void Add(long number)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
            hash.AppendData(bytes);
        }
        Add(arrivals.PrefixBlockTokens);
        while (arrivals.TryPeek(out _))
        {
            arrivals.Take(out var arrival);
            foreach (var number in new[]
            {
                arrival.AtNs, arrival.PromptTokens, arrival.OutputTokens, arrival.Level, arrival.Session,
            })
            {
                Add(number);
            }
            foreach (var key in arrival.PrefixKeys.Span)
                Add(unchecked((long)key));
        }
        text.Append(Convert.ToHexStringLower(hash.GetHashAndReset())).Append('\n');
    }
}
