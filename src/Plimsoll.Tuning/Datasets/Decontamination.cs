using System.Collections.Generic;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// Finds training records that share a run of 13 words with an evaluation set; of shorter texts, all words.
/// What was seen in training proves nothing when it is asked again.
/// </summary>
public sealed class Decontamination
{
    public const int RunWords = 13;

    readonly HashSet<ulong> _runs = [];

    /// <param name="record">Of an evaluation set: everything but the answers is compared, since labels
    /// recur by right.</param>
    public void AddEvaluation(TrainingRecord record)
    {
        foreach (var text in Asked(record))
            _runs.UnionWith(RunsOf(text));
    }

    public bool IsContaminated(TrainingRecord record)
    {
        foreach (var text in Asked(record))
        {
            foreach (var run in RunsOf(text))
            {
                if (_runs.Contains(run))
                    return true;
            }
        }
        return false;
    }

    // Plain text, what users say, and long answers; system prompts are the same in every record of a task.
    static IEnumerable<string> Asked(TrainingRecord record)
    {
        if (record.Text is not null)
            yield return record.Text;
        foreach (var message in record.Messages)
        {
            if (message.Role == "user")
                yield return message.Content;
        }
    }

    static List<ulong> RunsOf(string text)
    {
        var words = new List<ulong>();
        Words.HashInto(text, words);
        var runs = new List<ulong>();
        Words.Shingles(words, RunWords, runs);
        return runs;
    }
}
