using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Podvirt.Simulator.Audio;
using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Embeddings;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Faults;
using Podvirt.Simulator.Gpu;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Messages;
using Podvirt.Simulator.Metrics;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Rerank;
using Podvirt.Simulator.Responses;
using Podvirt.Simulator.Sleep;
using Podvirt.Simulator.Tokens;
using Podvirt.Simulator.Videos;

namespace Podvirt.Simulator.Startup;

/// <summary>One engine from its first log line to its last: loads, listens, serves, and gives everything back.</summary>
internal sealed class EngineHost : IAsyncDisposable
{
    // What the last replies get to reach their clients once nothing runs any more.
    private static readonly TimeSpan _lastReplies = TimeSpan.FromSeconds(2);

    private readonly SimulatorOptions _options;
    private readonly TimeProvider _time;
    private readonly EngineLog _log;
    private readonly SimulatedEngine _engine;
    private readonly GpuMemory _memory;
    private readonly VideoEngine _videos;
    private readonly VideoJobs _jobs;
    private readonly SleepController _sleep;
    private readonly ResponseStore _responses = new();
    private readonly CancellationTokenSource _stopping = new();
    private WebApplication? _app;

    /// <param name="pid">Under which the gpu memory is accounted.</param>
    public EngineHost(SimulatorOptions options, TimeProvider time, TextWriter output, int pid)
    {
        _options = options;
        _time = time;
        _log = new EngineLog(time, output);
        _engine = new SimulatedEngine(options, time, new LanguageModel(options.Kind));
        _memory = new GpuMemory(options, time, pid);
        _sleep = new SleepController(_engine, _memory, message => _log.Info("executor_base.py:209", message));
        _videos = new VideoEngine(_engine, _stopping.Token);
        _jobs = new VideoJobs(_engine, _videos, message => _log.Info("api_server.py:2840", message));
    }

    /// <summary>The bound port, once <see cref="StartAsync"/> has returned true.</summary>
    public int Port { get; private set; }

    /// <summary>Loads, and only then binds the port: until then, connections are refused.</summary>
    /// <returns>False when the engine cannot start; the log says why.</returns>
    public async Task<bool> StartAsync(CancellationToken token)
    {
        if (!await new LoadSequence(_engine, _memory, _log).RunAsync(token))
        {
            return false;
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(Configure);
        // The last word on stopping is StopAsync's, with the time-out it was given.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        _app = builder.Build();
        _app.Run(CreateDispatcher().HandleAsync);
        try
        {
            await _app.StartAsync(token);
        }
        catch (IOException exception)
        {
            _log.Error("launcher.py:53", exception.Message);
            return false;
        }

        Port = new Uri(_app.Urls.First()).Port;
        _log.Info("api_server.py:1080", $"Starting vLLM server on http://{_options.Host}:{Port}");
        _log.Plain("INFO:     Application startup complete.");
        return true;
    }

    /// <summary>Stops listening, lets the running requests finish for the time that the options give them, aborts the rest.</summary>
    public async Task StopAsync()
    {
        if (_app is null)
        {
            return;
        }

        _log.Plain("INFO:     Shutting down");
        using var deadline = new CancellationTokenSource(_options.ShutdownTimeout + _lastReplies, _time);
        var stop = _app.StopAsync(deadline.Token);
        if (_options.ShutdownTimeout > TimeSpan.Zero)
        {
            await Task.WhenAny(stop, Task.Delay(_options.ShutdownTimeout, _time, CancellationToken.None));
        }

        await _stopping.CancelAsync();
        _engine.AbortAll();
        await _jobs.StopAsync();
        await stop;
        _log.Plain("INFO:     Application shutdown complete.");
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        await _memory.ReleaseAsync();
        _sleep.Dispose();
        _responses.Dispose();
        _stopping.Dispose();
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = null;
        // Tests hold streams open on purpose, as slow clients do.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        if (_options.Host == "localhost")
        {
            kestrel.ListenLocalhost(_options.Port);
            return;
        }

        kestrel.Listen(IPAddress.Parse(_options.Host), _options.Port);
    }

    private Dispatcher CreateDispatcher()
    {
        var errors = new Errors(_options.LegacyErrors ? ErrorShape.Flat : ErrorShape.Nested);
        var models = new ServedModels(_options, _time.GetUtcNow().ToUnixTimeSeconds());
        var replies = new Replies(_engine, errors);
        var factory = new GenerationFactory(_engine);
        var anthropic = new Errors(ErrorShape.Anthropic);
        var messages = new MessagesEndpoint(_engine, factory, models, replies);
        var responses = new ResponsesEndpoint(_engine, factory, models, replies, _responses, _log);
        var kept = new KeptResponses(_responses);
        var tokens = new TokenEndpoints(_options, models);
        var scorer = new Scorer(_engine);
        var rerank = new RerankEndpoint(scorer, models, _time);
        var score = new ScoreEndpoint(scorer, models, _time);
        var timeline = new Timeline(_time);
        var faults = new FaultEndpoints(_engine.Faults);
        var sleep = new SleepEndpoints(_engine, _sleep);
        List<EngineRoute> routes =
        [
            new("GET", "/health", _ => Task.CompletedTask),
            new("GET", "/ping", _ => Task.CompletedTask),
            new("GET", "/version", VersionAsync),
            new("GET", "/load", LoadAsync),
            new("GET", "/metrics", new MetricsEndpoint(_engine, _sleep).HandleAsync),
            new("GET", "/v1/models", models.ListAsync),
            new("POST", "/v1/chat/completions", new ChatEndpoint(_engine, factory, models, replies).HandleAsync, Inference: true),
            new("POST", "/v1/completions", new CompletionEndpoint(_engine, factory, models, replies).HandleAsync, Inference: true),
            new("POST", "/v1/embeddings", new EmbeddingEndpoint(_engine, models).HandleAsync, Inference: true),
            .. ((string[])["/rerank", "/v1/rerank", "/v2/rerank"]).Select(path => new EngineRoute("POST", path, rerank.HandleAsync, Inference: true)),
            .. ((string[])["/score", "/v1/score"]).Select(path => new EngineRoute("POST", path, score.HandleAsync, Inference: true)),
            new("POST", "/v1/audio/speech", new SpeechEndpoint(_engine, models).HandleAsync, Inference: true),
            new("POST", "/v1/responses", responses.CreateAsync, Inference: true),
            new("GET", "/v1/responses/{id}", kept.GetAsync),
            new("POST", "/v1/responses/{id}/cancel", kept.CancelAsync),
            new("POST", "/v1/messages", messages.HandleAsync, Inference: true, anthropic),
            new("POST", "/v1/messages/count_tokens", messages.CountAsync, Errors: anthropic),
            new("POST", "/tokenize", tokens.TokenizeAsync),
            new("POST", "/detokenize", tokens.DetokenizeAsync),
            new("GET", "/sim/state", new StateEndpoint(_engine, _sleep, _memory).HandleAsync),
            new("GET", "/sim/timeline", timeline.HandleAsync),
            new("POST", "/sim/faults", faults.AddAsync),
            new("GET", "/sim/faults", faults.ListAsync),
            new("DELETE", "/sim/faults", faults.RemoveAsync),
        ];
        if (_options.Omni)
        {
            var omni = new OmniSleepEndpoints(_options, _sleep);
            // A model of videos has no tokens to give.
            routes.RemoveAll(route => route.Inference && _options.Kind == ModelKind.Video);
            routes.AddRange([new("POST", "/v1/omni/sleep", omni.SleepAsync), new("POST", "/v1/omni/wakeup", omni.WakeAsync)]);
            routes.AddRange(new VideoEndpoints(_engine, _videos, _jobs, models).Routes());
        }
        else if (_options.DevMode)
        {
            routes.AddRange(
            [
                new("POST", "/sleep", sleep.SleepAsync),
                new("POST", "/wake_up", sleep.WakeAsync),
                new("GET", "/is_sleeping", sleep.IsSleepingAsync),
                new("POST", "/collective_rpc", sleep.CallAsync),
            ]);
        }

        return new Dispatcher(_options, routes, timeline, _engine.Faults, errors, _log, _time, _stopping.Token);
    }

    private static Task VersionAsync(HttpContext context) => Json.ReplyAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("version", EngineVersion.Text);
        writer.WriteEndObject();
    });

    private Task LoadAsync(HttpContext context) => Json.ReplyAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("server_load", _engine.Stats.InFlight);
        writer.WriteEndObject();
    });
}
