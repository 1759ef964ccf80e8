using System.Security.Cryptography;
using System.Text;
using Podvirt.Simulator.Faults;
using Podvirt.Simulator.Metrics;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Startup;

namespace Podvirt.Simulator.Http;

/// <summary>Leads a request to its endpoint: 1. faults that hit every request, 2. the API key, 3. the route, 4. faults of inference.</summary>
internal sealed class Dispatcher
{
    // The only paths that the API key guards.
    private static readonly string[] _guarded = ["/v1", "/v2", "/inference", "/cohere"];

    private readonly RouteTable _routes;
    private readonly Timeline _timeline;
    private readonly FaultBook _faults;
    private readonly Errors _errors;
    private readonly EngineLog _log;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly byte[]? _credential;

    /// <param name="stopping">Ends the requests that would never be answered.</param>
    public Dispatcher(
        SimulatorOptions options, IEnumerable<EngineRoute> routes, Timeline timeline, FaultBook faults, Errors errors, EngineLog log, TimeProvider time, CancellationToken stopping)
    {
        _log = log;
        _routes = new RouteTable(routes);
        _timeline = timeline;
        _faults = faults;
        _errors = errors;
        _time = time;
        _stopping = stopping;
        _credential = options.ApiKey is { } key ? Encoding.UTF8.GetBytes(key) : null;
    }

    public async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        var began = _timeline.Now;
        await DispatchAsync(context, path);
        if (!path.StartsWith("/sim/", StringComparison.Ordinal))
        {
            _timeline.Add(path, began);
        }
    }

    private async Task DispatchAsync(HttpContext context, string path)
    {
        var errors = _errors;
        try
        {
            if (!path.StartsWith("/sim/", StringComparison.Ordinal) && await RefuseOrHangAsync(context))
            {
                return;
            }

            if (!Authorized(context.Request, path))
            {
                await Json.ReplyAsync(context, writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("error", "Unauthorized");
                    writer.WriteEndObject();
                }, StatusCodes.Status401Unauthorized);
                return;
            }

            var route = _routes.Find(context.Request, path);
            errors = route.Errors ?? errors;
            if (route.Inference && await FailInferenceAsync(context, errors))
            {
                return;
            }

            await route.Handle(context);
        }
        catch (RequestException error) when (!context.Response.HasStarted)
        {
            await errors.ReplyAsync(context, error);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            context.Abort();
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or IOException))
        {
            _log.Error("async_llm.py:556", exception.ToString());
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            await errors.ReplyAsync(context, RequestException.Engine("EngineCore encountered an issue."));
        }
    }

    private bool Authorized(HttpRequest request, string path)
    {
        if (_credential is null || !Array.Exists(_guarded, guarded => path.StartsWith(guarded, StringComparison.Ordinal)))
        {
            return true;
        }

        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header[Scheme.Length..]), _credential);
    }

    private async Task<bool> RefuseOrHangAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        if (_faults.TakeWhen(FaultNames.Refuse, fault => fault.Hits(path)) is { } refuse)
        {
            if (refuse.Number == StatusCodes.Status503ServiceUnavailable)
            {
                context.Response.StatusCode = refuse.Number;
            }
            else
            {
                context.Abort();
            }

            return true;
        }

        if (_faults.TakeWhen(FaultNames.Hang, fault => fault.Argument is not null && fault.Hits(path)) is not null)
        {
            await HangAsync(context);
        }

        return false;
    }

    private async Task<bool> FailInferenceAsync(HttpContext context, Errors errors)
    {
        if (_faults.TakeWhen(FaultNames.Hang, fault => fault.Argument is null) is not null)
        {
            await HangAsync(context);
        }

        if (_faults.Take(FaultNames.ErrorStatus) is not { } fault)
        {
            return false;
        }

        var type = fault.Number switch
        {
            StatusCodes.Status400BadRequest => "BadRequestError",
            StatusCodes.Status404NotFound => "NotFoundError",
            StatusCodes.Status501NotImplemented => "NotImplementedError",
            >= 500 => "InternalServerError",
            _ => "Error",
        };
        await errors.ReplyAsync(context, new RequestException(fault.Number, type, "The simulated engine was told to fail.", null));
        return true;
    }

    private async Task HangAsync(HttpContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping);
        await Task.Delay(Timeout.InfiniteTimeSpan, _time, either.Token);
    }
}
