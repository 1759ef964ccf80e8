using System.Buffers;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Podvirt.Messaging.InProcess;
using Podvirt.Messaging.Nats.Contracts;

namespace Podvirt.Messaging.Nats;

/// <summary>One subject of the bus in this process: how its messages are written and read, and the one subscription that feeds all readers.</summary>
internal abstract class NatsTopic
{
    public abstract string Subject { get; }

    /// <summary>Sends one message. Called by the bus's sender alone.</summary>
    public abstract ValueTask SendAsync(object message, CancellationToken cancellationToken);

    /// <summary>Subscribes, and hands on what comes until the token ends it. Called by the bus's sender alone, once.</summary>
    public abstract ValueTask SubscribeAsync(CancellationToken cancellationToken);

    /// <summary>Ended: nothing more is handed on.</summary>
    public abstract Task Completion { get; }
}

/// <inheritdoc cref="NatsTopic"/>
internal sealed partial class NatsTopic<T>(string subject, NatsClient client, ILogger log) : NatsTopic
    where T : class
{
    /// <summary>Messages between the socket and the one task that reads them; a further one displaces the oldest, which is counted.</summary>
    private const int UnreadMax = 1_024;

    /// <summary>A longer message that comes again, byte for byte, is not written or read anew: a route table is repeated every two seconds.</summary>
    private const int RememberedBytesMin = 4 * 1024;

    private readonly MessageContract<T> _contract = MessageContracts.Of<T>();
    private readonly ArrayBufferWriter<byte> _written = new(1_024);
    private T? _lastWritten;
    private byte[] _lastBytes = [];
    private T? _lastRead;
    private int _refusedVersion;
    private bool _refusedDamaged;
    private bool _tooLong;

    // Held here: the connection itself holds it weakly.
    private INatsSub<byte[]>? _subscription;
    private Task _reading = Task.CompletedTask;
    private int _subscribed;

    public override string Subject => subject;

    public Topic<T> Readers { get; } = new();

    public override Task Completion => _reading;

    /// <summary>True for the first time alone.</summary>
    public bool NeedsSubscription() => Interlocked.Exchange(ref _subscribed, 1) == 0;

    public override async ValueTask SendAsync(object message, CancellationToken cancellationToken)
    {
        if (!ReferenceEquals(message, _lastWritten))
        {
            _lastWritten = null;
            _written.ResetWrittenCount();
            _contract.Write(_written, (T)message);
            _lastWritten = (T)message;
        }
        var most = client.Connection.ServerInfo?.MaxPayload ?? int.MaxValue;
        if (_written.WrittenCount > most)
        {
            NatsMetrics.PublishFailed(subject);
            if (!_tooLong)
            {
                _tooLong = true;
                LogTooLong(subject, _written.WrittenCount, most, client.Options.Servers);
            }
            return;
        }
        _tooLong = false;
        await client.Connection.PublishAsync(subject, _written.WrittenMemory, cancellationToken: cancellationToken);
    }

    public override async ValueTask SubscribeAsync(CancellationToken cancellationToken)
    {
        _subscription = await client.Connection.SubscribeCoreAsync<byte[]>(
            subject,
            opts: new NatsSubOpts { ChannelOpts = new NatsSubChannelOpts { Capacity = UnreadMax, FullMode = System.Threading.Channels.BoundedChannelFullMode.DropOldest } },
            cancellationToken: cancellationToken);
        _reading = ReadAllAsync(_subscription, cancellationToken);
    }

    private async Task ReadAllAsync(INatsSub<byte[]> messages, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            await foreach (var message in messages.Msgs.ReadAllAsync(cancellationToken))
            {
                if (message.Data is { } bytes && Read(bytes) is { } read)
                {
                    foreach (var reader in Readers.Subscriptions)
                    {
                        reader.Offer(read);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
    }

    private T? Read(byte[] bytes)
    {
        if (_lastRead is not null && bytes.AsSpan().SequenceEqual(_lastBytes))
        {
            return _lastRead;
        }
        try
        {
            var message = _contract.Read(bytes);
            (_lastRead, _lastBytes) = bytes.Length >= RememberedBytesMin ? (message, bytes) : (null, []);
            _refusedDamaged = false;
            return message;
        }
        catch (NewerVersionException e)
        {
            NatsMetrics.Refused(subject);
            if (_refusedVersion != e.Written)
            {
                _refusedVersion = e.Written;
                LogNewer(subject, e.Written, _contract.Version);
            }
        }
        catch (InvalidDataException e)
        {
            NatsMetrics.Refused(subject);
            if (!_refusedDamaged)
            {
                _refusedDamaged = true;
                LogDamaged(e, subject);
            }
        }
        return null;
    }

    [LoggerMessage(3021, LogLevel.Error, "A message on '{Subject}' of {Bytes} bytes is not sent: NATS at {Servers} takes {Most} at most. Raise its 'max_payload'. Others on this subject that are too long are only counted, until one fits.")]
    private partial void LogTooLong(string subject, int bytes, int most, string servers);

    [LoggerMessage(3022, LogLevel.Error, "Messages on '{Subject}' have version {Written}, this process reads {Known} at most: it hears none of them. Bring it up to date.")]
    private partial void LogNewer(string subject, int written, int known);

    [LoggerMessage(3023, LogLevel.Error, "A message on '{Subject}' cannot be read and is left out; others like it are only counted, until one can be.")]
    private partial void LogDamaged(Exception exception, string subject);
}
