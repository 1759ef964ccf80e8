using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Podvirt.Api;
using Podvirt.Gateway.Playground;

namespace Podvirt.Chats;

/// <summary>
/// One answer, from its request to its bill, whoever watches.
/// <list type="number">
/// <item>Call the gateway, as the answer's project.</item>
/// <item>Read: into the state, at the stream's pace; a full disk or a slow one slows the engine, as a slow client would.</item>
/// <item>Save: text, thinking and frames, as often as the store wants it and at the end.</item>
/// <item>Bill: wait for the usage record on the ledger, where there is one.</item>
/// </list>
/// </summary>
internal sealed partial class AnswerJob(AnswerState state, AnswerJobServices services, TimeSpan framesTime, long framesBytes)
{
    private static readonly TimeSpan _saveAgain = TimeSpan.FromSeconds(2);

    /// <summary>Frames that wait for their writing.</summary>
    private const int PendingBytesMax = 256 * 1024;

    /// <summary>A refusal is a line or two; of more than this only the beginning is kept.</summary>
    private const int RefusalBytesMax = 64 * 1024;

    private readonly FrameLog _frames = new(framesBytes);
    private readonly TimeProvider _time = services.Time;
    private readonly TimeSpan _saveEvery = services.Store.SaveInterval;
    private readonly Lock _stopGate = new();
    private PlaygroundCall? _call;
    private AnswerPlace? _savedTo;
    private string? _head;
    private bool _isStopped;
    private bool _isUnsaved;

    public AnswerState State => state;

    /// <summary>The visitor wants no more of it: the engine is stopped.</summary>
    public void Stop()
    {
        lock (_stopGate)
        {
            _isStopped = true;
            _call?.Abort();
        }
    }

    /// <summary>Never fails: whatever happens is the answer's end.</summary>
    public async Task RunAsync(IReadOnlyList<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> body)
    {
        var began = _time.GetTimestamp();
        var reader = new AnswerReader(state, _frames);
        using var call = services.Call(new(state.Identity.Project, Key: ""), headers, body);
        Attach(call);
        var error = await ReadToEndAsync(call, reader, began);
        await call.Ended;
        Attach(null);
        if (call.Failure is { } failure)
        {
            services.LogFailed(failure, state.Identity.Id);
            error = AnswerEnds.Internal;
        }
        reader.End(_time.GetElapsedTime(began));
        error ??= reader.Error;
        var status = AnswerEnds.StatusOf(reader.IsWhole, _isStopped, reader.HasOutput, error);
        var isGood = status is AnswerStatus.Complete or AnswerStatus.Stopped;
        reader.Facts = reader.Facts with
        {
            Status = status,
            Wait = null,
            Error = isGood ? null : error ?? AnswerEnds.StreamEnded,
            DurationMs = (long)_time.GetElapsedTime(began).TotalMilliseconds,
            FramesUntil = _time.GetUtcNow() + framesTime,
        };
        state.Publish();
        Guid id = default;
        var isBilled = call.IsRecorded && Guid.TryParse(reader.Facts.RequestId, out id);
        await TrySaveAsync(isOver: !isBilled);
        if (isBilled)
        {
            if (await services.Bills.WaitAsync(id) is { } bill)
            {
                reader.Facts = reader.Facts with { Billed = bill };
            }
            await TrySaveAsync(isOver: true);
        }
        state.Publish(isOver: true);
        await SaveAtLastAsync();
    }

    /// <summary>After a defect: the answer must not seem to run on.</summary>
    public async Task FailAsync()
    {
        state.Set(state.Facts with { Status = AnswerStatus.Failed, Wait = null, Error = AnswerEnds.Internal, FramesUntil = _time.GetUtcNow() + framesTime });
        state.Publish(isOver: true);
        await TrySaveAsync(isOver: true);
        await SaveAtLastAsync();
    }

    private void Attach(PlaygroundCall? call)
    {
        lock (_stopGate)
        {
            _call = call;
            if (_isStopped)
            {
                call?.Abort();
            }
        }
    }

    /// <summary>Returns what went wrong outside the stream's own words; null: nothing.</summary>
    private async Task<AnswerError?> ReadToEndAsync(PlaygroundCall call, AnswerReader reader, long began)
    {
        using var timer = _time.CreateTimer(static body => ((PipeReader)body!).CancelPendingRead(), call.Body, _saveEvery, _saveEvery);
        var refusal = new ArrayBufferWriter<byte>();
        AnswerError? error = null;
        try
        {
            while (true)
            {
                var read = await call.Body.ReadAsync();
                if (!read.Buffer.IsEmpty || read.IsCompleted)
                {
                    NoteHead(call, reader);
                }
                if (call.Status == StatusCodes.Status200OK)
                {
                    reader.Take(read.Buffer, _time.GetElapsedTime(began));
                }
                else
                {
                    Keep(refusal, read.Buffer);
                }
                call.Body.AdvanceTo(read.Buffer.End);
                if (state.Extent is var extent && extent.Text + extent.Thinking > ChatBounds.AnswerChars && error is null)
                {
                    error = AnswerEnds.TooLong;
                    call.Abort();
                }
                if (read.IsCompleted)
                {
                    break;
                }
                // The timer's tick, which no reading misses.
                if (_frames.PendingBytes >= PendingBytesMax || read.IsCanceled)
                {
                    await TrySaveAsync();
                }
            }
        }
        catch (Exception e)
        {
            // A defect. What came before stands.
            services.LogFailed(e, state.Identity.Id);
            call.Abort();
            await call.Body.CompleteAsync();
            return AnswerEnds.Internal;
        }
        await call.Body.CompleteAsync();
        return error ?? Refusal(call, refusal.WrittenSpan, began);
    }

    private void NoteHead(PlaygroundCall call, AnswerReader reader)
    {
        if (_head is not null)
        {
            return;
        }
        var headers = call.Headers;
        var facts = reader.Facts with { RequestId = headers["x-request-id"] };

        // Without a type nothing was said: the call was over before its answer began.
        if (headers.ContentType.Count > 0)
        {
            _head = JsonSerializer.Serialize(new ResponseHead(call.Status, ExchangeHeaders.Of(headers)), ApiJson.Options);
            if (headers["x-podvirt-replica"] is [{ Length: > 0 } replica, ..])
            {
                facts = facts with { Replica = replica, Affinity = headers["x-podvirt-affinity"], ParkedMs = ExchangeHeaders.ParkedMs(headers["Server-Timing"]) };
            }
        }
        reader.Facts = facts;
    }

    private static void Keep(ArrayBufferWriter<byte> refusal, in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
        {
            refusal.Write(segment.Span[..Math.Min(segment.Length, RefusalBytesMax - refusal.WrittenCount)]);
        }
    }

    private AnswerError? Refusal(PlaygroundCall call, ReadOnlySpan<byte> body, long began)
    {
        if (call.Status == StatusCodes.Status200OK)
        {
            return null;
        }
        _frames.Add(_time.GetElapsedTime(began).Ticks / TimeSpan.TicksPerMicrosecond, body);
        var chunk = new ChatChunk();
        var error = chunk.TryRead(body) && chunk.Error is { } told ? told : new AnswerError($"The gateway answered with status {call.Status}.", null);
        return int.TryParse(call.Headers.RetryAfter, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? error with { RetryAfterS = seconds }
            : error;
    }

    private async Task TrySaveAsync(bool isOver = false)
    {
        SaveOutcome outcome;
        var news = state.Read(_savedTo);
        var frames = _frames.Take();
        try
        {
            outcome = await services.Store.SaveAsync(
                new AnswerProgress(state.Identity.Id, news.Facts, news.Text, news.Thinking, news.IsRewritten, _head, frames, _frames.IsTruncated) { IsOver = isOver },
                CancellationToken.None);
            _savedTo = news.Place;
            _isUnsaved = false;
        }
        catch (Exception e)
        {
            // The answer goes on: its text is saved with the next one. The frames are lost, and said to be.
            _frames.Truncate();
            if (!_isUnsaved)
            {
                _isUnsaved = true;
                services.LogNotSaved(e, state.Identity.Id);
            }
            return;
        }
        if (outcome != SaveOutcome.Saved)
        {
            Stop();
        }
    }

    // What is not saved seems to run, and its conversation takes no other question.
    private async Task SaveAtLastAsync()
    {
        while (_isUnsaved && !services.Stopping.IsCancellationRequested)
        {
            await Task.Delay(_saveAgain, _time);
            await TrySaveAsync(isOver: true);
        }
    }
}
