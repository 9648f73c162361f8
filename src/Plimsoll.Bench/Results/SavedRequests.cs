using System.Collections.Generic;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;

namespace Plimsoll.Bench.Results;

/// <summary>What no run of bench writes of a request, whatever the endpoint did.</summary>
static class SavedRequests
{
    /// <summary>The bytes of a request are in no file: its prompt is at most a gigabyte.</summary>
    const int UnknownBytes = 1 << 30;

    /// <summary>Refuses the first request that cannot be.</summary>
    /// <param name="records">As read.</param>
    /// <param name="file">For errors.</param>
    /// <param name="choices">Answers that each request asked for at once.</param>
    public static void Check(IReadOnlyList<RequestRecord> records, string file, int choices)
    {
        for (var i = 0; i < records.Count; i++)
        {
            if (Wrong(records[i], choices) is { } wrong)
                throw new BadInputException($"{file}: plimsoll.requests, request {i}: {wrong}");
        }
    }

    static string? Wrong(RequestRecord record, int choices)
    {
        if (!record.Served)
        {
            return record.EndNs != 0 && record.EndNs < record.ScheduledNs
                ? "ended before it was due; expected end_ns of at least scheduled_ns" : null;
        }
        if (record.FirstTokenNs < record.ScheduledNs || record.LastTokenNs < record.FirstTokenNs
            || record.EndNs < record.LastTokenNs)
        {
            return "was answered before it was due, or ended before its last token; expected scheduled_ns, "
                + "first_token_ns, last_token_ns and end_ns in this order";
        }
        if (record.Usage != UsageFault.None)
            return null;
        var fault = UsageFaults.Fault(record, UnknownBytes, choices);
        return fault == UsageFault.None ? null
            : $"counts of tokens that cannot be ({fault.Name()}); expected what the endpoint counted";
    }
}
