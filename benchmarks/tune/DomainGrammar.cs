using System;
using System.Collections.Generic;
using Plimsoll.Core.Draws;
using Plimsoll.Tuning.Datasets;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// A grammar of our own for what the default model says: short answers about ships and load lines, serving,
/// and a bank's desk. A question and its answer share one draw of their slots, so that the answer repeats
/// what was asked.
/// </summary>
static class DomainGrammar
{
    static readonly Dictionary<string, string[]> _slots = new()
    {
        ["ship"] = ["ship", "vessel", "freighter", "tanker", "bulk carrier", "container ship", "coaster",
            "schooner"],
        ["water"] = ["fresh water", "salt water", "tropical water", "the summer zone", "the winter zone",
            "the North Atlantic"],
        ["cargo"] = ["grain", "coal", "timber", "ore", "cotton", "steel", "oil", "salt"],
        ["gpu"] = ["H100", "H200", "B200", "A100", "L40S", "MI300X"],
        ["model"] = ["an 8B model", "a 70B model", "a 32B model", "a mixture of experts",
            "a small tuned model"],
        ["metric"] = ["TTFT", "TPOT", "ITL", "goodput"],
        ["class"] = ["interactive", "batch"],
        ["card"] = ["debit card", "credit card", "virtual card"],
        ["account"] = ["savings account", "checking account", "joint account"],
        ["place"] = ["London", "Lisbon", "Oslo", "Hamburg", "Boston", "Genoa", "Bergen"],
        ["name"] = ["Anna", "Tom", "Mary", "Samuel", "Emma", "Jane", "Robert"],
    };

    static readonly (string[] Questions, string[] Answers)[] _topics =
    [
        (["hello", "hi", "hi there", "good morning", "hello, who is there?"],
            ["Hello! I am Plimsoll, a small model. Ask me about load lines, serving or the desk of a bank.",
             "Hello! How can I help you today?"]),
        (["who are you?", "what are you?", "what is your name?", "tell me about yourself"],
            ["I am Plimsoll, a very small language model. I know a few sentences about ships, serving and "
                + "banking, and little else."]),
        (["what can you do?", "help", "what do you know?"],
            ["I can say a few sentences about load lines, about serving models and about a bank's desk. For "
                + "a real task, tune me on your own data."]),
        (["thank you", "thanks", "thanks a lot", "great, thank you"],
            ["You are welcome.", "You are welcome. Fair winds!"]),
        (["bye", "goodbye", "see you"], ["Goodbye, and fair winds!"]),
        (["what is a load line?", "what is the load line?", "explain the load line",
            "what does the load line show?"],
            ["The load line is the mark on a ship's hull that shows how deep she may lie in the "
                + "water when she is loaded."]),
        (["what is the plimsoll mark?", "what is the plimsoll line?", "what is a plimsoll?"],
            ["The Plimsoll mark is a circle with a line through it, painted on the hull. It is named after "
                + "Samuel Plimsoll."]),
        (["who was samuel plimsoll?", "who is samuel plimsoll?", "tell me about samuel plimsoll"],
            ["Samuel Plimsoll was a member of Parliament who fought for a law against overloaded ships. The "
                + "mark has his name."]),
        (["may the {ship} carry more {cargo} in {water}?", "can a {ship} take more {cargo} in {water}?"],
            ["The {ship} may carry {cargo} until her load line for {water} touches "
                + "the surface, and no more."]),
        (["how is a {ship} loaded with {cargo}?", "how do you load {cargo} on a {ship}?"],
            ["The {cargo} is spread evenly through the holds, so that the {ship} stays upright, and the "
                + "draught is read as she sinks."]),
        (["why does {water} matter?", "why is there a mark for {water}?"],
            ["Water differs in density and weather. In {water} a ship has a mark of its own, so that she is "
                + "never loaded too deep."]),
        (["what happens when a {ship} is overloaded?", "what if the {ship} is too heavy?"],
            ["An overloaded {ship} lies too deep. Waves break over the deck, and she may sink in a storm."]),
        (["is the {ship} from {place} here?", "when does the {ship} to {place} leave?",
            "where is the {ship} for {place}?"],
            ["The {ship} for {place} leaves with the tide. Please ask the harbour master for the hour."]),
        (["what is the load line of a fleet?", "what is the load line of a gpu fleet?",
            "what is the load line of an engine?"],
            ["The load line of a fleet is the highest rate of requests at which every limit "
                + "of the promise still holds."]),
        (["what is {metric}?", "what does {metric} mean?", "explain {metric}"], ["{metric}: {means}"]),
        (["what does a token cost on {gpu}?", "what does a token of {model} cost?", "how much is a token?"],
            ["A token has no cost until two things are named: what is served, and "
                + "how fast it was promised."]),
        (["how many requests can one {gpu} serve with {model}?", "how much can {model} carry on {gpu}?"],
            ["That depends on the promise. Find the load line of {model} on the {gpu} first, then leave "
                + "some room for bursts."]),
        (["why is interactive serving dear?", "why is interactive work more expensive?",
            "why does interactive cost more than batch?"],
            ["Interactive work keeps the batch small, arrives in bursts, and is sized for the peak. So each "
                + "token costs more."]),
        (["what is batch work?", "when should i use batch?", "is batch cheaper?"],
            ["Batch work has no promise but a window. It fills the slack that interactive "
                + "work leaves, so it is cheap."]),
        (["what is {class} work?", "tell me about {class} requests"],
            ["A request is {class} when its promise says so. The scheduler plans "
                + "{class} work by its deadline."]),
        (["what is prefill?", "explain prefill"], ["Prefill reads the whole prompt at once and fills the KV "
            + "cache. It is bound by arithmetic."]),
        (["what is decode?", "explain decode"], ["Decode makes one token after another. It is bound by "
            + "memory, so many sequences decode together."]),
        (["what is a kv block?", "what is the kv cache?", "explain kv blocks"],
            ["The KV cache holds the keys and values of earlier tokens in blocks. When "
                + "blocks run out, requests wait."]),
        (["what is a lora?", "what is an adapter?", "how do i tune you?"],
            ["A LoRA is a small adapter beside the weights. Train one on your task, pass the gates, and "
                + "promote it step by step."]),
        (["what is a gate?", "what are the gates?"],
            ["A gate is a proof: identity, equality, quality and saving. A candidate that fails one does "
                + "not reach traffic."]),
        (["what is a canary?", "how is a release promoted?"],
            ["A release goes from shadow to one, five, twenty-five and a hundred per cent of traffic, and "
                + "back at once when a guard trips."]),
        (["i lost my {card}", "my {card} was stolen", "someone took my {card}"],
            ["I am sorry. Please freeze the {card} in the app now, and order a new one. "
                + "It arrives in a few days."]),
        (["when will my {card} arrive?", "where is my {card}?", "i am still waiting for my {card}"],
            ["A new {card} usually arrives within five working days. You can follow it in the app."]),
        (["how do i open a {account}?", "can i get a {account}?", "i want a {account}"],
            ["You can open a {account} in the app. Have your identity card ready; it takes a few minutes."]),
        (["how much is in my {account}?", "what is the balance of my {account}?"],
            ["The balance of your {account} is shown in the app. I cannot see it from here."]),
        (["can i send money to {name} in {place}?", "how do i pay {name} in {place}?",
            "transfer money to {name}"],
            ["Yes. Choose {name} as the payee, enter the amount, and confirm. The "
                + "transfer takes one working day."]),
        (["my name is {name}", "i am {name}", "this is {name} from {place}"],
            ["Hello {name}! How can I help you today?"]),
    ];

    static readonly Dictionary<string, string> _means = new()
    {
        ["TTFT"] = "the time from the scheduled arrival of a request to its first token.",
        ["TPOT"] = "the time per output token after the first, over the whole answer.",
        ["ITL"] = "each gap between two tokens of one answer.",
        ["goodput"] = "the share of all requests that kept every limit of the "
            + "promise; failures count as bad.",
    };

    /// <summary>Conversations of one or two turns, drawn until their text reaches the size.</summary>
    public static IEnumerable<TrainingRecord> Draw(ulong seed, long characters)
    {
        var draws = new RandomStream(seed, purpose: 0x6a);
        for (var written = 0L; written < characters;)
        {
            var messages = new List<ChatMessage>();
            for (var turns = draws.NextBelow(4) == 0 ? 2 : 1; turns > 0; turns--)
            {
                var (questions, answers) = _topics[draws.NextBelow(_topics.Length)];
                var filled = new Dictionary<string, string>();
                var question = Fill(questions[draws.NextBelow(questions.Length)], filled, ref draws);
                var answer = Fill(answers[draws.NextBelow(answers.Length)], filled, ref draws);
                messages.Add(new ChatMessage("user", Cased(question, ref draws)));
                messages.Add(new ChatMessage("assistant", char.ToUpperInvariant(answer[0]) + answer[1..]));
                written += question.Length + answer.Length;
            }
            yield return new TrainingRecord { Messages = messages };
        }
    }

    static string Cased(string question, ref RandomStream draws) => draws.NextBelow(3) switch
    {
        0 => question.TrimEnd('?'),
        1 => char.ToUpperInvariant(question[0]) + question[1..],
        _ => question,
    };

    static string Fill(string pattern, Dictionary<string, string> filled, ref RandomStream draws)
    {
        foreach (var (slot, values) in _slots)
        {
            var mark = "{" + slot + "}";
            if (!pattern.Contains(mark, StringComparison.Ordinal))
                continue;
            if (!filled.TryGetValue(slot, out var value))
                filled[slot] = value = values[draws.NextBelow(values.Length)];
            pattern = pattern.Replace(mark, value);
        }
        return filled.TryGetValue("metric", out var metric) ? pattern.Replace("{means}", _means[metric])
            : pattern;
    }
}
