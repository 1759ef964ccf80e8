using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// The process's one connection to NATS. It connects in the background from the start on and for ever: a process that finds no
/// server starts all the same, says so, and whoever asks for something gets an answer or an error within a bounded time.
/// </summary>
internal sealed partial class NatsClient : IBusHealth, IAsyncDisposable, IDisposable
{
    /// <summary>Between two attempts to connect, at first and at most: a gateway should miss no more than a moment of a server's restart.</summary>
    private static readonly TimeSpan _reconnectWaitMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _reconnectWaitMax = TimeSpan.FromSeconds(1);

    /// <summary>How long one attempt may take: a paused server accepts connections and says nothing.</summary>
    private static readonly TimeSpan _connectTimeout = TimeSpan.FromSeconds(2);

    /// <summary>A server that answers none of two pings is given up: a cut that closes no connection shows within three seconds.</summary>
    private static readonly TimeSpan _pingInterval = TimeSpan.FromSeconds(1);
    private const int PingsOutMax = 2;

    /// <summary>How long a command may wait until the connection takes it: longer than a busy moment, shorter than a lease.</summary>
    private static readonly TimeSpan _commandTimeout = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly NatsFailures _failures;
    private readonly NatsConnection _connection;
    private readonly TaskCompletionSource _connectedOnce = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _connecting;
    private readonly Lock _gate = new();
    private DateTimeOffset? _lostAt;
    private CancellationTokenSource _held = new();
    private int _opened;
    private bool _disposed;

    /// <exception cref="ArgumentException">The options are not usable.</exception>
    public NatsClient(NatsOptions options, TimeProvider time, ILogger<NatsClient> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Check() is { Count: > 0 } errors)
        {
            throw new ArgumentException($"NATS: {string.Join("; ", errors)}.", nameof(options));
        }
        Options = options;
        _time = time;
        _log = log;
        _failures = new NatsFailures(log, OnFirstFailure);
        _lostAt = time.GetUtcNow();
        _connection = new NatsConnection(ToLibrary(options, _failures));
        _connection.ConnectionOpened += OnOpenedAsync;
        _connection.ConnectionDisconnected += OnLostAsync;
        _connection.ServerError += OnServerErrorAsync;
        JetStream = new NatsJSContext(_connection, new NatsJSOpts(_connection.Opts, requestTimeout: options.RequestTimeout));
        NatsMetrics.Observe(this);
        _connecting = ConnectAsync();
    }

    public NatsOptions Options { get; }

    /// <summary>For subscriptions and publishing. Waits for a connection where there is none: call it where that may take long.</summary>
    public INatsConnection Connection => _connection;

    /// <summary>Use it within <see cref="CallAsync{T}"/>, which bounds and explains.</summary>
    public NatsJSContext JetStream { get; }

    public bool IsConnected => _connection.ConnectionState == NatsConnectionState.Open;

    public DateTimeOffset? LostAt
    {
        get
        {
            lock (_gate)
            {
                return IsConnected ? null : _lostAt ?? _time.GetUtcNow();
            }
        }
    }

    public string Reason => IsConnected ? "" : $"NATS at {Options.Servers} cannot be reached{Because}";

    /// <summary>Cancelled when the present connection is lost: what the server was following for it is over.</summary>
    public CancellationToken Held
    {
        get
        {
            lock (_gate)
            {
                return _held.Token;
            }
        }
    }

    private string Because => _failures.Last is { Length: > 0 } reason ? $" ({reason})" : "";

    /// <summary>Completes when there is a connection.</summary>
    public async Task WhenConnectedAsync(CancellationToken cancellationToken)
    {
        if (!IsConnected)
        {
            await _connectedOnce.Task.WaitAsync(cancellationToken);
            await _connection.ConnectAsync().AsTask().WaitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Calls the server, for <see cref="NatsOptions.RequestTimeout"/> at most, the wait for a connection included. What
    /// a call that ended with an error did is not known: the server may have done it and lost its answer.
    /// </summary>
    /// <param name="what">What is asked for, in words for the error.</param>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="timeout">A shorter limit.</param>
    /// <exception cref="IOException">No answer in time, or an error; it names the servers.</exception>
    public async ValueTask<T> CallAsync<T>(
        string what, Func<NatsJSContext, CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken, TimeSpan? timeout = null)
    {
        var most = timeout < Options.RequestTimeout ? timeout.Value : Options.RequestTimeout;
        using var limit = new CancellationTokenSource(most, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await WhenConnectedAsync(either.Token);
            // The library's own wait for a full buffer knows no token once it has begun.
            return await call(JetStream, either.Token).AsTask().WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException e) when (!_disposed)
        {
            NatsMetrics.RequestFailed();
            throw new IOException(
                $"NATS at {Options.Servers} did not answer within {most.TotalSeconds:0.#} s ({what}){(IsConnected ? "" : Because)}.", e);
        }
        catch (NatsException e)
        {
            NatsMetrics.RequestFailed();
            throw new IOException($"NATS at {Options.Servers} failed ({what}): {Explain(e)}.", e);
        }
        catch (OperationCanceledException e)
        {
            throw new ObjectDisposedException("The connection to NATS is closed.", e);
        }
    }

    /// <summary>
    /// Makes a stream, or takes the one of that name as it is. Its replicas are <see cref="NatsOptions.Replicas"/>.
    /// </summary>
    /// <exception cref="IOException">No answer, or the server has no room or no servers for it.</exception>
    public async ValueTask<INatsJSStream> OpenStreamAsync(StreamConfig config, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(config);
        return await CallAsync(
            $"opening '{config.Name}'",
            async (js, ended) =>
            {
                try
                {
                    return await js.GetStreamAsync(config.Name!, cancellationToken: ended);
                }
                catch (NatsJSApiException e) when (e.Error.Code == 404)
                {
                    config.NumReplicas = Options.Replicas ?? (_connection.ServerInfo?.Cluster is { Length: > 0 } ? 3 : 1);
                    return await CreateAsync(js, config, ended);
                }
            },
            cancellationToken);
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        NatsMetrics.Forget(this);
        await _closing.CancelAsync();
        await _connection.DisposeAsync();
        await _connecting;
        // Whoever still waits hears of the end.
        _connectedOnce.TrySetCanceled(_closing.Token);
        _failures.Dispose();
        _held.Dispose();
        _closing.Dispose();
    }

    private static async Task<INatsJSStream> CreateAsync(NatsJSContext js, StreamConfig config, CancellationToken ended)
    {
        try
        {
            return await js.CreateStreamAsync(config, ended);
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == JetStreamErrors.NameInUse)
        {
            // Another process was quicker, with other settings: its are as good, and checked by whoever needs them.
            return await js.GetStreamAsync(config.Name!, cancellationToken: ended);
        }
    }

    private static NatsOpts ToLibrary(NatsOptions options, NatsFailures failures)
    {
        var url = NatsUrl.Parse(options.Url);
        return NatsOpts.Default with
        {
            Url = url.Servers,
            Name = options.Name,
            AuthOpts = new NatsAuthOpts { Username = url.User, Password = url.Password, Token = url.Token, CredsFile = options.CredentialsFile },
            TlsOpts = new NatsTlsOpts { CaFile = options.CaFile, CertFile = options.CertificateFile, KeyFile = options.KeyFile },
            LoggerFactory = failures,
            // Credentials are mended while the process runs.
            IgnoreAuthErrorAbort = true,
            ConnectTimeout = _connectTimeout,
            CommandTimeout = _commandTimeout,
            RequestTimeout = options.RequestTimeout,
            PublishTimeoutOnDisconnected = true,
            ReconnectWaitMin = _reconnectWaitMin,
            ReconnectWaitMax = _reconnectWaitMax,
            ReconnectJitter = _reconnectWaitMin,
            PingInterval = _pingInterval,
            MaxPingOut = PingsOutMax,
            SuppressSlowConsumerWarnings = true,
        };
    }

    private static string Explain(NatsException error) =>
        error is NatsNoRespondersException or NatsJSPublishNoResponseException
            ? "JetStream does not answer: it is not enabled there, or its cluster has no leader at the moment"
            : error.Message.TrimEnd('.');

    /// <summary>The first connection. From then on the library reconnects by itself; its own first attempts would keep their reasons to themselves.</summary>
    private async Task ConnectAsync()
    {
        // The constructor's caller goes on.
        await Task.Yield();
        for (var wait = _reconnectWaitMin; !_closing.IsCancellationRequested; wait = wait * 2 < _reconnectWaitMax ? wait * 2 : _reconnectWaitMax)
        {
            try
            {
                await _connection.ConnectAsync();
                _connectedOnce.TrySetResult();
                return;
            }
            catch (Exception e) when (!_closing.IsCancellationRequested)
            {
                // Without an inner one it repeats the address; the reason came before, in words for the log.
                if (e.InnerException is not null)
                {
                    _failures.Hear(e.GetBaseException().Message);
                }
                await PauseAsync(wait);
            }
            catch (Exception e)
            {
                LogClosedBeforeConnected(e, Options.Servers);
            }
        }
    }

    private async Task PauseAsync(TimeSpan wait)
    {
        try
        {
            await Task.Delay(wait, _time, _closing.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private ValueTask OnOpenedAsync(object? sender, NatsEventArgs args)
    {
        TimeSpan? away;
        lock (_gate)
        {
            away = _lostAt is { } lost ? _time.GetUtcNow() - lost : null;
            _lostAt = null;
        }
        _failures.Clear();
        if (Interlocked.Increment(ref _opened) == 1)
        {
            LogConnected(Options.Servers, _connection.ServerInfo?.Version ?? "");
        }
        else
        {
            NatsMetrics.Reconnected();
            LogReconnected(Options.Servers, away ?? TimeSpan.Zero);
        }
        if (_connection.ServerInfo is { MaxPayload: < NatsLimits.PayloadBytesWanted } info)
        {
            LogSmallPayload(Options.Servers, info.MaxPayload, NatsLimits.PayloadBytesWanted);
        }
        return ValueTask.CompletedTask;
    }

    private ValueTask OnLostAsync(object? sender, NatsEventArgs args)
    {
        CancellationTokenSource held;
        lock (_gate)
        {
            _lostAt ??= _time.GetUtcNow();
            held = _held;
            _held = new CancellationTokenSource();
        }
        held.Cancel();
        held.Dispose();
        if (!_disposed)
        {
            LogLost(Options.Servers);
        }
        return ValueTask.CompletedTask;
    }

    private ValueTask OnServerErrorAsync(object? sender, NatsServerErrorEventArgs args)
    {
        // While it connects, it is the reason why it cannot, and comes with each attempt.
        if (IsConnected)
        {
            LogServerError(Options.Servers, args.Error);
        }
        return ValueTask.CompletedTask;
    }

    private void OnFirstFailure(string reason)
    {
        if (!IsConnected && !_disposed)
        {
            LogUnreachable(Options.Servers, reason);
        }
    }

    [LoggerMessage(3001, LogLevel.Information, "Connected to NATS at {Servers} (server {Version}).")]
    private partial void LogConnected(string servers, string version);

    [LoggerMessage(3002, LogLevel.Warning, "The connection to NATS at {Servers} is lost.")]
    private partial void LogLost(string servers);

    [LoggerMessage(3003, LogLevel.Information, "Connected to NATS at {Servers} again, after {Away}.")]
    private partial void LogReconnected(string servers, TimeSpan away);

    [LoggerMessage(3004, LogLevel.Error, "NATS at {Servers} takes messages of {MaxPayload} bytes at most. Set its 'max_payload' to {Wanted} or more: larger values of the state store, and route tables of many models, are refused until then.")]
    private partial void LogSmallPayload(string servers, int maxPayload, int wanted);

    [LoggerMessage(3005, LogLevel.Debug, "Closed before NATS at {Servers} was reached.")]
    private partial void LogClosedBeforeConnected(Exception exception, string servers);

    [LoggerMessage(3007, LogLevel.Warning, "NATS at {Servers} cannot be reached: {Reason}. It is tried again until it can.")]
    private partial void LogUnreachable(string servers, string reason);

    [LoggerMessage(3006, LogLevel.Warning, "NATS at {Servers} reports: {Error}")]
    private partial void LogServerError(string servers, string error);
}
