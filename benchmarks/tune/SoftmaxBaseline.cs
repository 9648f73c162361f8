using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// What a tuned model has to be compared with on a task of labels: tf-idf of words and pairs of words,
/// softmax regression by stochastic gradient descent. Seconds to train.
/// </summary>
sealed class SoftmaxBaseline
{
    const int Epochs = 30;
    const double Rate = 4;
    const double Decay = 1e-6;

    readonly Dictionary<string, int> _features = new(StringComparer.Ordinal);
    readonly string[] _labels;
    readonly float[] _inverse;
    readonly float[] _weights;

    public SoftmaxBaseline(IReadOnlyList<Utterance> train, ulong seed)
    {
        _labels = [.. train.Select(u => u.Intent).Distinct().Order(StringComparer.Ordinal)];
        var terms = train.Select(u => Terms(u.Text).ToList()).ToList();
        foreach (var term in terms.SelectMany(t => t.Distinct()).GroupBy(t => t).Where(g => g.Count() >= 2))
            _features[term.Key] = _features.Count;
        var documents = new int[_features.Count];
        foreach (var term in terms.SelectMany(t => t.Distinct()).Where(_features.ContainsKey))
            documents[_features[term]]++;
        _inverse = [.. documents.Select(d => (float)(Math.Log((1.0 + train.Count) / (1 + d)) + 1))];
        _weights = new float[_labels.Length * (_features.Count + 1)];
        var index = _labels.Select((l, i) => (l, i)).ToDictionary(p => p.l, p => p.i);
        var examples = train.Select(u => (Vector: Vector(u.Text), Label: index[u.Intent])).ToList();
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            var rate = (float)(Rate * (1 - epoch / (double)Epochs));
            foreach (var i in DrawnOrder.Of(seed, (ulong)epoch, examples.Count))
                Learn(examples[i].Vector, examples[i].Label, rate);
        }
    }

    public double Accuracy(IReadOnlyList<Utterance> test) =>
        test.Count(u => Predict(u.Text) == u.Intent) / (double)test.Count;

    public string Predict(string text)
    {
        var scores = Scores(Vector(text));
        return _labels[Array.IndexOf(scores, scores.Max())];
    }

    void Learn(List<(int Feature, float Value)> vector, int label, float rate)
    {
        var p = Scores(vector);
        var most = p.Max();
        var sum = 0f;
        for (var c = 0; c < p.Length; c++)
            sum += p[c] = MathF.Exp(p[c] - most);
        for (var c = 0; c < p.Length; c++)
        {
            var step = rate * (p[c] / sum - (c == label ? 1 : 0));
            foreach (var (feature, value) in vector)
            {
                ref var weight = ref _weights[feature * _labels.Length + c];
                weight -= step * value + rate * (float)Decay * weight;
            }
        }
    }

    float[] Scores(List<(int Feature, float Value)> vector)
    {
        var scores = new float[_labels.Length];
        foreach (var (feature, value) in vector)
        {
            for (var c = 0; c < scores.Length; c++)
                scores[c] += value * _weights[feature * scores.Length + c];
        }
        return scores;
    }

    List<(int Feature, float Value)> Vector(string text)
    {
        var counted = Terms(text).Where(_features.ContainsKey).GroupBy(t => _features[t])
            .Select(g => (g.Key, Value: (float)(1 + Math.Log(g.Count())) * _inverse[g.Key])).ToList();
        var norm = MathF.Sqrt(counted.Sum(v => v.Value * v.Value));
        var vector = counted.ConvertAll(v => (v.Key, norm == 0 ? 0 : v.Value / norm));
        // The last is the bias.
        vector.Add((_features.Count, 0.1f));
        return vector;
    }

    static IEnumerable<string> Terms(string text)
    {
        var words = new string([.. text.ToLowerInvariant()
            .Select(c => char.IsLetterOrDigit(c) || c == '\'' ? c : ' ')])
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < words.Length; i++)
        {
            yield return words[i];
            if (i > 0)
                yield return $"{words[i - 1]} {words[i]}";
        }
    }
}
