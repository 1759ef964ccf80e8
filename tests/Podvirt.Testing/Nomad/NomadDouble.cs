using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Podvirt.Testing.Nomad.Http;
using Podvirt.Testing.Nomad.Scheduling;
using Podvirt.Testing.Nomad.State;
using Podvirt.Testing.Nomad.Tasks;

namespace Podvirt.Testing.Nomad;

/// <summary>
/// A Nomad agent, server and clients in one, as far as Podvirt uses one: the HTTP API with real indexes and blocking queries,
/// evaluations and placement with gpu devices, and tasks that are real processes of this machine. Limits are not enforced on
/// them, logs are not rotated, and docker tasks run what <see cref="NomadDoubleOptions.Images"/> names.
/// </summary>
public sealed partial class NomadDouble : IAsyncDisposable
{
    private readonly NomadState _state = new();
    private readonly NomadFaults _faults = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("podvirt-nomad-");
    private readonly NomadDoubleOptions _options;
    private readonly TaskClient _client;
    private readonly Evaluator _evaluator;
    private readonly NodeControl _nodes;
    private readonly NomadHttp _http;
    private readonly ConnectionLimit _connections;
    private readonly BlockingQuery _queries;
    private WebApplication? _app;

    private NomadDouble(NomadDoubleOptions options)
    {
        _options = options;
        _connections = new ConnectionLimit(options.ConnectionsMax);
        _client = new TaskClient(_state, options, _folder);
        _evaluator = new Evaluator(_state);
        _nodes = new NodeControl(_state, _client);
        _state.Written = write =>
        {
            _evaluator.OnWritten(write);
            _client.OnWritten(write);
        };
        _state.Write(write =>
        {
            foreach (var node in options.Nodes)
            {
                var record = new NodeRecord(node);
                _state.Nodes.Add(record);
                write.Node(record, "NodeRegistration");
            }
        });
        var query = _queries = new BlockingQuery(_state, _faults, _stopping.Token);
        _http = new NomadHttp(
            _state, options, _faults, new JobRoutes(_state, options, query), new AllocationRoutes(_state, _client, query), new NodeRoutes(_state, _nodes, query),
            new VariableRoutes(_state, query), new LogRoute(_client), new EventRoute(_state, options), _stopping.Token);
    }

    /// <summary>For a client: <c>http://127.0.0.1:port</c>.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    public static async Task<NomadDouble> StartAsync(NomadDoubleOptions? options = null)
    {
        var agent = new NomadDouble(options ?? new NomadDoubleOptions());
        await agent.ListenAsync();
        return agent;
    }

    /// <summary>Ends every task and every process of theirs, then the agent.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _evaluator.DisposeAsync();
        await _nodes.DisposeAsync();
        await _client.DisposeAsync();
        _connections.DropAll();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
        _stopping.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _options.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => connection => _connections.RunAsync(connection, next));
        }));
        var app = builder.Build();
        app.Run(_http.AnswerAsync);
        await app.StartAsync();
        _app = app;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }
}
