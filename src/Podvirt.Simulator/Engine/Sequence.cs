using System.Text;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Tokens;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Engine;

/// <summary>What bounds one sequence.</summary>
internal sealed record SequenceLimits(
    int TokensMax, int TokensMin, string[] Stops, bool IncludeStop, int[] StopTokens, bool SplitThinking);

/// <summary>One prompt being continued: one choice of a reply. Used by one generation at a time.</summary>
internal sealed class Sequence(int index, int[] prompt, SequenceLimits limits, TextSource source) : IDisposable
{
    private readonly StopMatcher _stops = new(limits.Stops, limits.IncludeStop);
    private readonly List<int> _generated = [];
    private readonly StringBuilder _answer = new();
    private readonly StringBuilder _thinking = new();
    private readonly StringBuilder _name = new();
    private readonly List<(string Name, StringBuilder Arguments)> _calls = [];
    private Part _part = Part.Answer;

    public int Index => index;

    public IReadOnlyList<int> Prompt => prompt;

    public int CachedTokens { get; set; }

    public int GeneratedTokens => _generated.Count;

    /// <summary>Generated tokens that are thinking, without the markers around it; zero unless the thinking is kept apart.</summary>
    public int ThinkingTokens { get; private set; }

    public FinishReason Finish { get; private set; }

    /// <summary>The stop string or stop token that ended it; null at the natural end.</summary>
    public object? StopReason { get; private set; }

    public string Answer => _answer.ToString();

    /// <summary>The thinking, when it is kept apart and there is any.</summary>
    public string? Thinking => _thinking.Length == 0 ? null : _thinking.ToString();

    /// <summary>The calls of functions, in their order; the last may lack the end of its arguments.</summary>
    public IReadOnlyList<ToolCall> Calls => [.. _calls.Select(call => new ToolCall(call.Name, call.Arguments.ToString()))];

    /// <summary>A generated token, by its place in the reply.</summary>
    public int TokenAt(int place) => _generated[place];

    /// <summary>Prompt and reply, as the prefix cache keeps them.</summary>
    public int[] AllTokens() => [.. prompt, .. _generated];

    /// <summary>Generates up to <paramref name="count"/> tokens and adds the text they let out to <paramref name="deltas"/>.</summary>
    public void Advance(int count, List<(Part Part, string Text)> deltas)
    {
        for (var i = 0; i < count && Finish == FinishReason.None; i++)
        {
            if (_generated.Count >= limits.TokensMax)
            {
                End(FinishReason.Length, deltas);
            }
            else if (!source.TryNext(out var token, out var part))
            {
                End(FinishReason.Stop, deltas);
            }
            else
            {
                Take(token, part, deltas);
            }
        }
    }

    public void Abort(FinishReason reason, List<(Part Part, string Text)> deltas)
    {
        if (Finish == FinishReason.None)
        {
            End(reason, deltas);
        }
    }

    public void Dispose() => source.Dispose();

    private void Take(int token, Part part, List<(Part Part, string Text)> deltas)
    {
        _generated.Add(token);
        var mayStop = _generated.Count >= limits.TokensMin;
        if (mayStop && Array.IndexOf(limits.StopTokens, token) >= 0)
        {
            StopReason = token;
            End(FinishReason.Stop, deltas);
            return;
        }

        part = part == Part.Thinking && !limits.SplitThinking ? Part.Answer : part;
        if (part != _part)
        {
            Emit(_part, _stops.Release(), deltas);
            _part = part;
        }

        // A reasoning parser swallows the markers; without one they are text like any other.
        var swallowed = limits.SplitThinking && token is (SpecialTokens.ThinkOpen or SpecialTokens.ThinkClose);
        ThinkingTokens += part == Part.Thinking && !swallowed ? 1 : 0;
        Emit(part, swallowed ? "" : _stops.Add(Tokenizer.Decode(token)!, mayStop), deltas);
        if (_stops.Matched is { } matched)
        {
            Finish = FinishReason.Stop;
            StopReason = matched;
        }
        else if (_generated.Count >= limits.TokensMax)
        {
            End(FinishReason.Length, deltas);
        }
    }

    private void End(FinishReason reason, List<(Part Part, string Text)> deltas)
    {
        Emit(_part, _stops.Release(), deltas);
        Finish = reason;
    }

    private void Emit(Part part, string text, List<(Part Part, string Text)> deltas)
    {
        if (text.Length == 0)
        {
            return;
        }

        // A function's name is let out as a whole, and not at all when the reply ends in it.
        if (part == Part.CallName)
        {
            _name.Append(text);
            return;
        }

        if (part == Part.CallArguments && _name.Length > 0)
        {
            _calls.Add((_name.ToString(), new StringBuilder()));
            deltas.Add((Part.CallName, _name.ToString()));
            _name.Clear();
        }

        TextOf(part).Append(text);
        if (deltas.Count > 0 && deltas[^1].Part == part)
        {
            deltas[^1] = (part, deltas[^1].Text + text);
            return;
        }

        deltas.Add((part, text));
    }

    private StringBuilder TextOf(Part part) => part switch
    {
        Part.Thinking => _thinking,
        Part.CallArguments => _calls[^1].Arguments,
        _ => _answer,
    };
}
