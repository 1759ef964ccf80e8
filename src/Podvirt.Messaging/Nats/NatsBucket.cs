using System.Globalization;
using System.Runtime.InteropServices;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// One key-value bucket: the stream <c>KV_name</c> with a subject for each key, laid out as the tools of NATS expect it. Every
/// read is answered by the stream's leader, so that it sees every write that returned; a follower might not.
/// </summary>
/// <param name="client">The connection.</param>
/// <param name="name">Of the bucket.</param>
/// <param name="maxAge">How long an entry stays; null: for ever.</param>
/// <param name="timeout">A shorter limit for each call than the connection's own; null: none.</param>
internal sealed class NatsBucket(NatsClient client, string name, TimeSpan? maxAge, TimeSpan? timeout = null)
{
    public const string OperationHeader = "KV-Operation";
    private const string OperationDelete = "DEL";

    /// <summary>The server counts a subject's messages for this many subjects at a time: https://github.com/nats-io/nats-server/blob/main/server/jetstream_api.go (JSMaxSubjectDetails).</summary>
    private const int SubjectsPerPage = 100_000;

    /// <summary>Entries that are read at a time for a listing.</summary>
    private const int ReadsAtATime = 64;

    private volatile INatsJSStream? _stream;

    /// <summary>Completed when the latest write is on its way.</summary>
    private Task _sent = Task.CompletedTask;

    public string Stream { get; } = "KV_" + name;

    public string SubjectPrefix { get; } = $"$KV.{name}.";

    public NatsClient Client => client;

    public string SubjectOf(string key) => SubjectPrefix + KeySubjects.Encode(key);

    /// <summary>Null for a subject that is no key of ours.</summary>
    public string? KeyOf(string subject) => subject.StartsWith(SubjectPrefix, StringComparison.Ordinal) ? KeySubjects.Decode(subject.AsSpan(SubjectPrefix.Length)) : null;

    /// <summary>What is there, which may be the mark of a deleted key; null: nothing.</summary>
    /// <exception cref="IOException">No answer.</exception>
    public async ValueTask<BucketEntry?> GetAsync(string key, CancellationToken cancellationToken)
    {
        var request = new StreamMsgGetRequest { LastBySubj = SubjectOf(key) };
        return await FindAsync($"reading '{key}'", request, cancellationToken) is { } message
            ? new BucketEntry(key, message.Data, (long)message.Seq, IsDeletion(message), message.Time)
            : null;
    }

    /// <summary>When the write of a revision was done; null: it was written over.</summary>
    /// <exception cref="IOException">No answer.</exception>
    public async ValueTask<DateTimeOffset?> TimeOfAsync(long revision, CancellationToken cancellationToken) =>
        (await FindAsync($"reading revision {revision}", new StreamMsgGetRequest { Seq = (ulong)revision }, cancellationToken))?.Time;

    /// <summary>Writes a value. Returns its revision, or null where the key's last revision is not the expected one.</summary>
    /// <param name="expected">The revision to write over, 0 for a key that has none; null: any.</param>
    /// <exception cref="IOException">No answer: it may be written or not.</exception>
    public ValueTask<long?> PutAsync(string key, ReadOnlyMemory<byte> value, long? expected, CancellationToken cancellationToken) =>
        WriteAsync(key, value, expected, headers: null, cancellationToken);

    /// <summary>Marks a key as deleted, over the expected revision alone. Returns the mark's revision.</summary>
    /// <exception cref="IOException">No answer: it may be deleted or not.</exception>
    public ValueTask<long?> DeleteAsync(string key, long expected, CancellationToken cancellationToken) =>
        WriteAsync(key, default, expected, new NatsHeaders { [OperationHeader] = OperationDelete }, cancellationToken);

    /// <summary>All entries with the prefix that are no marks, by key.</summary>
    /// <exception cref="IOException">No answer.</exception>
    public async ValueTask<List<BucketEntry>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var keys = await KeysAsync(prefix, cancellationToken);
        var entries = new BucketEntry?[keys.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, keys.Count),
            new ParallelOptions { MaxDegreeOfParallelism = ReadsAtATime, CancellationToken = cancellationToken },
            async (i, ended) => entries[i] = await GetAsync(keys[i], ended));
        return [.. entries.Where(static e => e is { IsDeleted: false }).Select(static e => e!.Value)];
    }

    /// <summary>What its leader says of it.</summary>
    /// <exception cref="IOException">No answer.</exception>
    public async ValueTask<BucketState> StateAsync(CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        return await CallAsync(
            $"asking for the state of '{name}'",
            async (js, ended) =>
            {
                var info = (await js.GetStreamAsync(Stream, cancellationToken: ended)).Info;
                var at = DateTimeOffset.TryParse(info.State.LastTs, CultureInfo.InvariantCulture, out var time) ? time : (DateTimeOffset?)null;
                return new BucketState((long)info.State.LastSeq, at, info.Cluster?.Leader);
            },
            cancellationToken);
    }

    /// <summary>Removes what a subject has up to a revision, so that not even a mark of a deleted key is left.</summary>
    /// <exception cref="IOException">No answer.</exception>
    public async ValueTask PurgeAsync(string subject, long upTo, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        await CallAsync(
            $"purging '{subject}'",
            (js, ended) => js.PurgeStreamAsync(Stream, new StreamPurgeRequest { Filter = subject, Seq = (ulong)upTo + 1 }, ended),
            cancellationToken);
    }

    /// <summary>Makes the bucket where it is missing. Two that come at once both ask, and get the same.</summary>
    /// <exception cref="IOException">No answer, or a bucket of this name with settings that will not do.</exception>
    public async ValueTask<INatsJSStream> OpenAsync(CancellationToken cancellationToken) =>
        _stream ??= Checked(await client.OpenStreamAsync(Config(), cancellationToken));

    private static bool IsDeletion(StoredMessage message)
    {
        // Base64 of a header block; a plain value has none.
        return message.Hdrs is { Length: > 0 } headers
            && System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(headers)).Contains(OperationHeader + ":", StringComparison.OrdinalIgnoreCase);
    }

    private async ValueTask<StoredMessage?> FindAsync(string what, StreamMsgGetRequest request, CancellationToken cancellationToken)
    {
        var stream = await OpenAsync(cancellationToken);
        return await CallAsync(
            what,
            async (_, ended) =>
            {
                try
                {
                    return (await stream.GetAsync(request, ended)).Message;
                }
                catch (NatsJSApiException e) when (e.Error.ErrCode == JetStreamErrors.MessageNotFound)
                {
                    return (StoredMessage?)null;
                }
            },
            cancellationToken);
    }

    private async ValueTask<List<string>> KeysAsync(string prefix, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        for (var offset = 0; ;)
        {
            var request = new StreamInfoRequest { SubjectsFilter = SubjectPrefix + KeySubjects.Filter(prefix), Offset = offset };
            var subjects = await CallAsync(
                $"listing '{prefix}'", async (js, ended) => (await js.GetStreamAsync(Stream, request, ended)).Info.State.Subjects, cancellationToken);
            foreach (var subject in subjects?.Keys ?? [])
            {
                if (KeyOf(subject) is { } key && key.StartsWith(prefix, StringComparison.Ordinal))
                {
                    keys.Add(key);
                }
            }
            offset += subjects?.Count ?? 0;
            if (subjects is null || subjects.Count < SubjectsPerPage)
            {
                return [.. keys.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Writes go to the server in the order in which they were called, however long each waits for a bucket or a connection.</summary>
    private async ValueTask<long?> WriteAsync(
        string key, ReadOnlyMemory<byte> value, long? expected, NatsHeaders? headers, CancellationToken cancellationToken)
    {
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = Interlocked.Exchange(ref _sent, sent.Task);
        Task<long?> write;
        try
        {
            await OpenAsync(cancellationToken);
            if (!client.IsConnected)
            {
                await CallAsync($"writing '{key}'", static (_, _) => ValueTask.FromResult(true), cancellationToken);
            }
            await before.WaitAsync(cancellationToken);
            write = CallAsync(
                $"writing '{key}'", (js, ended) => SendAsync(js, key, value, expected, headers, ended), cancellationToken).AsTask();
        }
        finally
        {
            sent.SetResult();
        }
        return await write;
    }

    private async ValueTask<long?> SendAsync(
        NatsJSContext js, string key, ReadOnlyMemory<byte> value, long? expected, NatsHeaders? headers, CancellationToken cancellationToken)
    {
        var options = new NatsJSPubOpts { ExpectedLastSubjectSequence = (ulong?)expected, ExpectedStream = Stream };
        var ack = await js.PublishAsync(SubjectOf(key), value, opts: options, headers: headers, cancellationToken: cancellationToken);
        if (ack.Error is not { } error)
        {
            return (long?)ack.Seq;
        }
        return error.ErrCode == JetStreamErrors.WrongLastSequence ? null : throw new NatsJSApiException(error);
    }

    private async ValueTask<T> CallAsync<T>(
        string what, Func<NatsJSContext, CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await client.CallAsync(what, call, cancellationToken, timeout);
        }
        catch (IOException e) when (e.InnerException is NatsJSApiException { Error.ErrCode: JetStreamErrors.StreamNotFound }
            or NatsNoRespondersException or NatsJSPublishNoResponseException)
        {
            // It may have been removed under this process: the next call makes it again.
            _stream = null;
            throw;
        }
    }

    private StreamConfig Config() => new(Stream, [SubjectPrefix + ">"])
    {
        Storage = StreamConfigStorage.File,
        Retention = StreamConfigRetention.Limits,
        Discard = StreamConfigDiscard.New,
        MaxMsgsPerSubject = 1,
        MaxAge = maxAge ?? TimeSpan.Zero,
        AllowRollupHdrs = true,
        DenyDelete = true,
        // No longer than entries stay; nothing here carries a message id.
        DuplicateWindow = maxAge < TimeSpan.FromMinutes(2) ? maxAge.Value : TimeSpan.FromMinutes(2),
        NumReplicas = 1,
    };

    /// <summary>
    /// A bucket whose entries leave earlier or later than this process believes would give a lease to two holders, or lose state.
    /// </summary>
    private INatsJSStream Checked(INatsJSStream stream)
    {
        var config = stream.Info.Config;
        if (config.MaxAge != (maxAge ?? TimeSpan.Zero) || config.MaxMsgsPerSubject != 1 || config.AllowDirect)
        {
            throw new IOException(
                $"The bucket '{name}' of NATS at {client.Options.Servers} keeps {config.MaxMsgsPerSubject} values of a key for {config.MaxAge}"
                + $"{(config.AllowDirect ? " and lets followers answer" : "")}; this process needs 1 value for {maxAge ?? TimeSpan.Zero}, answered by the leader. "
                + $"Give every process of the cluster the same lease period; to change it, stop them all and run 'nats stream edit {Stream} --max-age'.");
        }
        return stream;
    }
}

/// <summary>What a bucket holds under a key.</summary>
/// <param name="IsDeleted">The key was deleted with this revision.</param>
/// <param name="At">When it was written, by the server's clock.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BucketEntry(string Key, ReadOnlyMemory<byte> Value, long Revision, bool IsDeleted, DateTimeOffset At)
{
    public StateEntry ToState(long age) => new(Key, Value, BucketEnd.ToState(age, Revision));
}

/// <param name="End">The revision of the last write, whatever its key.</param>
/// <param name="At">When that was written, by the server's clock.</param>
/// <param name="Leader">The server that answers; null: there is one server alone.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BucketState(long End, DateTimeOffset? At, string? Leader);
