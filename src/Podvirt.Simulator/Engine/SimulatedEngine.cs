using System.Diagnostics;
using Podvirt.Simulator.Faults;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Engine;

/// <summary>Runs generations: admits them, spends the time that prefill and tokens cost, and feeds their sinks.</summary>
internal sealed class SimulatedEngine(SimulatorOptions options, TimeProvider time, LanguageModel model)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Generation> _generations = [];
    private volatile TaskCompletionSource? _frozen;

    public SimulatorOptions Options => options;

    public TimeProvider Time => time;

    public LanguageModel Model => model;

    public Admission Admission { get; } = new(options.MaxSequences);

    /// <summary>The slots of videos.</summary>
    public Admission Videos { get; } = new(options.VideosAtOnce);

    public PrefixCache Prefixes { get; } = new();

    public EngineStats Stats { get; } = new();

    public FaultBook Faults { get; } = new(options.Faults);

    /// <summary>
    /// Runs one generation to its end:
    /// 1. wait for slots, 2. prefill, 3. begin, 4. a frame per step and sequence until all have finished, 5. free the slots.
    /// </summary>
    public async Task<GenerationOutcome> RunAsync(Generation generation, IGenerationSink sink)
    {
        var start = time.GetTimestamp();
        var slots = Admission.Bounded(generation.Sequences.Count);
        Stats.Arrived();
        Register(generation);
        var outcome = GenerationOutcome.ClientLeft;
        var began = false;
        try
        {
            await Admission.EnterAsync(slots, generation.Ended);
            try
            {
                Stats.QueueTime.Observe(time.GetElapsedTime(start));
                using var pacer = new Pacer(time, generation.Ended);
                if (await PrefillAsync(generation, pacer))
                {
                    Stats.TimeToFirstToken.Observe(time.GetElapsedTime(start));
                    began = true;
                    await sink.BeginAsync();
                    outcome = await DecodeAsync(generation, sink, pacer);
                }
            }
            finally
            {
                Finish(generation);
                Admission.Leave(slots);
            }
        }
        catch (OperationCanceledException) when (generation.Ended.IsCancellationRequested)
        {
            // Told apart below: the client left, or the engine gave it up.
        }
        finally
        {
            Unregister(generation);
            Stats.Departed(aborted: outcome != GenerationOutcome.Completed);
        }

        if (outcome == GenerationOutcome.ClientLeft && !generation.ClientLeft && generation.Ended.IsCancellationRequested)
        {
            outcome = GenerationOutcome.Aborted;
            if (!began)
            {
                await sink.BeginAsync();
            }

            await generation.EndAllAsync(FinishReason.Abort, sink);
        }

        foreach (var sequence in generation.Sequences)
        {
            Stats.SequenceFinished(sequence.Finish == FinishReason.None ? FinishReason.Abort : sequence.Finish);
        }

        Stats.EndToEnd.Observe(time.GetElapsedTime(start));
        return outcome;
    }

    /// <summary>Runs prompts that nothing is generated for.</summary>
    public async Task<GenerationOutcome> ComputeAsync(int[][] prompts, CancellationToken client)
    {
        var limits = new SequenceLimits(0, 0, [], IncludeStop: false, [], SplitThinking: false);
        using var generation = new Generation(
            [.. prompts.Select((prompt, index) => new Sequence(index, prompt, limits, new TextSource([])))], GenerationFaults.None, 0, client)
        {
            PromptTokens = prompts.Sum(prompt => prompt.Length),
        };
        return await RunAsync(generation, NullSink.Instance);
    }

    /// <summary>Gives up every request that is here now; later ones are not touched.</summary>
    public void AbortAll()
    {
        Generation[] all;
        lock (_gate)
        {
            all = [.. _generations];
        }

        foreach (var generation in all)
        {
            generation.Abort();
        }
    }

    /// <summary>Running generations stop where they are until <see cref="Thaw"/>.</summary>
    public void Freeze() => _frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw()
    {
        var frozen = _frozen;
        _frozen = null;
        frozen?.TrySetResult();
    }

    private async ValueTask<bool> PrefillAsync(Generation generation, Pacer pacer)
    {
        var fresh = 0;
        int[]? previous = null;
        foreach (var sequence in generation.Sequences)
        {
            var prompt = (int[])sequence.Prompt;
            if (ReferenceEquals(prompt, previous))
            {
                // A further choice of the same prompt shares its computation and is no prompt of its own.
                Stats.Held(prompt.Length);
                continue;
            }

            previous = prompt;
            sequence.CachedTokens = Prefixes.Match(prompt);
            fresh += prompt.Length - sequence.CachedTokens;
            Stats.PromptSeen(prompt.Length, sequence.CachedTokens);
            Stats.Held(prompt.Length);
        }

        if (!await pacer.WaitAsync(options.TimeToFirstToken + (options.PrefillPerToken * fresh)))
        {
            return false;
        }

        foreach (var sequence in generation.Sequences)
        {
            Prefixes.Add((int[])sequence.Prompt);
        }

        return true;
    }

    private async ValueTask<GenerationOutcome> DecodeAsync(Generation generation, IGenerationSink sink, Pacer pacer)
    {
        var deltas = new List<(Part Part, string Text)>(2);
        var step = options.TokenTime * options.TokensPerFrame;
        var active = generation.Sequences.Count;
        var last = time.GetTimestamp();
        for (var first = true; active > 0; first = false)
        {
            if (!first && !await pacer.WaitAsync(Jittered(step, generation)))
            {
                return GenerationOutcome.ClientLeft;
            }

            if (_frozen is { } frozen)
            {
                await frozen.Task.WaitAsync(generation.Ended);
                pacer.Restart();
            }

            var sinceLast = time.GetElapsedTime(last);
            last = time.GetTimestamp();
            foreach (var sequence in generation.Sequences)
            {
                if (sequence.Finish != FinishReason.None)
                {
                    continue;
                }

                deltas.Clear();
                var before = sequence.GeneratedTokens;
                sequence.Advance(options.TokensPerFrame, deltas);
                Count(sequence.GeneratedTokens - before, first, sinceLast);
                active -= sequence.Finish == FinishReason.None ? 0 : 1;
                await sink.WriteAsync(sequence, deltas);
            }

            if (generation.Faults != GenerationFaults.None
                && await MisbehaveAsync(generation, sink) is { } outcome)
            {
                return outcome;
            }
        }

        return GenerationOutcome.Completed;
    }

    private async ValueTask<GenerationOutcome?> MisbehaveAsync(Generation generation, IGenerationSink sink)
    {
        // A shorter answer, such as a canary of one token, is spared.
        var tokens = generation.GeneratedTokens;
        bool Hits(int? after) => after is { } count && tokens >= count;
        if (Hits(generation.Faults.DieAfter))
        {
            // As if killed from outside: no handler runs, nothing is flushed, the memory account keeps its entry.
            Process.GetCurrentProcess().Kill();
            await Task.Delay(Timeout.InfiniteTimeSpan, time, CancellationToken.None);
        }

        if (Hits(generation.Faults.HangAfter))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, generation.Ended);
        }

        if (Hits(generation.Faults.MalformedAfter))
        {
            generation.Faults = generation.Faults with { MalformedAfter = null };
            await sink.WriteMalformedAsync();
        }

        if (Hits(generation.Faults.ErrorAfter))
        {
            await generation.EndAllAsync(FinishReason.Error, NullSink.Instance);
            await sink.FailAsync();
            return GenerationOutcome.Failed;
        }

        if (Hits(generation.Faults.CutAfter))
        {
            await sink.CutAsync();
            return GenerationOutcome.ClientLeft;
        }

        return null;
    }

    private TimeSpan Jittered(TimeSpan step, Generation generation) =>
        options.TokenJitter <= 0 ? step : step * (1 + (options.TokenJitter * ((2 * Chooser.Unit(generation.NextJitter())) - 1)));

    private void Count(int tokens, bool first, TimeSpan sinceLast)
    {
        Stats.Generated(tokens);
        if (!first)
        {
            Stats.InterTokenLatency.Observe(sinceLast);
        }
    }

    private void Finish(Generation generation)
    {
        foreach (var sequence in generation.Sequences)
        {
            Stats.Held(-sequence.Prompt.Count - sequence.GeneratedTokens);
            if (sequence.GeneratedTokens > 0)
            {
                Prefixes.Add(sequence.AllTokens());
            }
        }
    }

    private void Register(Generation generation)
    {
        lock (_gate)
        {
            _generations.Add(generation);
        }
    }

    private void Unregister(Generation generation)
    {
        lock (_gate)
        {
            _generations.Remove(generation);
        }
    }
}
