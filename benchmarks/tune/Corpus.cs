using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>What the default model is pre-trained on; its model card names every part and licence.</summary>
static class Corpus
{
    const long GrammarCharacters = 2_000_000;
    const int DocumentCharacters = 4000;

    /// <summary>Names in the shared data, and how many characters are taken of each.</summary>
    public static IReadOnlyList<(string Name, int Characters)> Sources { get; } =
        [("austen", 2_000_000), ("sawyer", 400_000), ("wordnet", 2_000_000), ("rustbook", 800_000)];

    const int Gsm8kCharacters = 1_200_000;

    /// <summary>
    /// All records in a drawn order: texts cut into documents, conversations of the grammar.
    /// </summary>
    public static List<TrainingRecord> Records()
    {
        var records = new List<TrainingRecord>();
        foreach (var (source, characters) in Sources)
            records.AddRange(Documents(SharedData.Documents(source)).TakeWhile(Until(characters)));
        records.AddRange(Documents(SharedData.Gsm8k().Select(p => p.Question + "\n" + p.Answer))
            .TakeWhile(Until(Gsm8kCharacters)));
        foreach (var set in IntentSet.Names)
        {
            records.AddRange(Documents(IntentSet.Load(set).Train.OrderBy(u => u.Text.GetHashCodeStable())
                .Select(u => u.Text)));
        }
        records.AddRange(DomainGrammar.Draw(seed: 1, GrammarCharacters));
        return [.. DrawnOrder.Of(seed: 1, purpose: 0xc0, records.Count).Select(i => records[i])];
    }

    static System.Func<TrainingRecord, bool> Until(int characters)
    {
        var taken = 0;
        return record => (taken += record.Text!.Length) <= characters;
    }

    // Short texts are joined into documents, so that windows are not mostly ends of text.
    static IEnumerable<TrainingRecord> Documents(IEnumerable<string> texts)
    {
        var document = "";
        foreach (var text in texts)
        {
            document += document.Length == 0 ? text : "\n" + text;
            if (document.Length < DocumentCharacters)
                continue;
            yield return new TrainingRecord { Text = document };
            document = "";
        }
        if (document.Length > 0)
            yield return new TrainingRecord { Text = document };
    }

    public static void Write(string path, IEnumerable<TrainingRecord> records)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllLines(path, records.Select(RecordJson.Of));
    }

    // Mixes intents; the same on every run.
    static ulong GetHashCodeStable(this string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in text)
            hash = (hash ^ c) * 1099511628211UL;
        return hash;
    }
}
