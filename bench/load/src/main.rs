//! Load client for selective forwarding units. `load help` lists what it does.

mod clock;
mod dtls;
mod histogram;
mod inbound;
mod janus;
mod livekit;
mod net;
mod outbound;
mod plan;
mod report;
mod rtcp;
mod rtp;
mod run;
mod sctp;
mod sdp;
mod server;
mod session;
mod socket;
mod srtp;
mod stun;
mod token;
mod transport;

use std::fs;
use std::process::ExitCode;
use std::str::FromStr;

use pico_args::Arguments;
use serde_json::{Value, json};

use plan::{Layout, Plan};
use run::{Environment, Protocol, Run};
use session::Access;
use srtp::Profile;

const HELP: &str = "\
load SCENARIO [options]    Puts a selective forwarding unit under load and measures what it does.

Scenarios
  fanout-video   --publishers 10 --pps 100 --bytes 1100 --subscribers 30
  fanout-audio   --publishers 10 --pps 50 --bytes 120 --subscribers 100
  room           --people 250 --cameras 25 --microphones 25 --layers 3    everybody sees all cameras small and hears three voices
  room-speaker   as room, but camera 0 is seen large
  capacity       as fanout-video; --step subscribers join at a time until more than 0.1 % is lost or p99 exceeds 50 ms
  join-storm     --publishers 25 --subscribers 225 --storm-rate 50    that many join in a second while the publishers send

Options
  --server livekit|janus        signalling to speak (livekit)
  --url URL                     ws://127.0.0.1:7880
  --room NAME --key K --secret S
  --pid PID                     the server's process: its CPU and memory, children included, are measured
  --profile gcm128|gcm256|cm80  the one SRTP profile to offer (gcm128)
  --base ADDRESS                address of the first client, on a block that is local (127.64.0.0)
  --sockets N                   UDP sockets for all clients together (16)
  --timestamps                  latencies by the kernel's arrival times, which costs every packet a little
  --no-gro                      the kernel cuts up what was sent as one segment before it arrives, in the sender's time on a veth pair
  --feedback-ms N               between two transport-wide feedback packets (100)
  --warm-up S --seconds S --join-rate N
  --json FILE                   writes the figures there as well

Exit code 0: the run counts. 1: it was rejected, and the report says why. 2: it could not be done.
";

fn main() -> ExitCode {
    match command() {
        Ok(Some(report)) => {
            println!("{}", report::table(&report));
            let rejected = report["rejected"].as_array().is_some_and(|reasons| !reasons.is_empty());
            if rejected { ExitCode::from(1) } else { ExitCode::SUCCESS }
        }
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("load: {problem}");
            ExitCode::from(2)
        }
    }
}

fn command() -> Result<Option<Value>, String> {
    let mut arguments = Arguments::from_env();
    let scenario = arguments.subcommand().map_err(|error| error.to_string())?;
    let Some(scenario) = scenario.filter(|name| name != "help") else { return Ok(None) };
    let environment = environment(&mut arguments)?;
    let json_file: Option<String> = option(&mut arguments, "--json")?;
    let mut plan = plan_of(&scenario, &mut arguments)?;
    plan.warm_up_s = option(&mut arguments, "--warm-up")?.unwrap_or(plan.warm_up_s);
    plan.measure_s = option(&mut arguments, "--seconds")?.unwrap_or(plan.measure_s);
    plan.joins_per_second = option(&mut arguments, "--join-rate")?.unwrap_or(plan.joins_per_second);
    let step = option(&mut arguments, "--step")?.unwrap_or(10);
    let storm_rate = option(&mut arguments, "--storm-rate")?.unwrap_or(50.0);
    let unknown = arguments.finish();
    if !unknown.is_empty() {
        return Err(format!("unknown: {unknown:?}"));
    }
    let server = format!("{:?}", environment.protocol);
    let mut run = Run::new(plan, environment)?;
    let mut report = match scenario.as_str() {
        "capacity" => capacity(&mut run, step)?,
        "join-storm" => join_storm(&mut run, storm_rate)?,
        _ => steady(&mut run)?,
    };
    report["scenario"] = json!(scenario);
    report["signalling"] = json!(server);
    report["srtp_profiles"] = json!(run.profiles());
    report["nacked"] = json!(run.nacked());
    run.leave();
    if let Some(file) = json_file {
        fs::write(&file, format!("{report:#}\n")).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(Some(report))
}

fn environment(arguments: &mut Arguments) -> Result<Environment, String> {
    let protocol = match option::<String>(arguments, "--server")?.as_deref() {
        None | Some("livekit") => Protocol::LiveKit,
        Some("janus") => Protocol::Janus,
        Some(other) => return Err(format!("no such server: {other}")),
    };
    let profile = match option::<String>(arguments, "--profile")?.as_deref() {
        None | Some("gcm128") => Profile::Aes128Gcm,
        Some("gcm256") => Profile::Aes256Gcm,
        Some("cm80") => Profile::Aes128CmSha1_80,
        Some(other) => return Err(format!("no such profile: {other}")),
    };
    let text =
        |arguments: &mut Arguments, name, fallback: &str| Ok::<_, String>(option(arguments, name)?.unwrap_or_else(|| fallback.to_owned()));
    let access = Access {
        url: text(arguments, "--url", "ws://127.0.0.1:7880")?,
        room: text(arguments, "--room", "load")?,
        key: text(arguments, "--key", "devkey")?,
        secret: text(arguments, "--secret", "secret")?,
    };
    Ok(Environment {
        access,
        protocol,
        profiles: vec![profile],
        base: option(arguments, "--base")?.unwrap_or([127, 64, 0, 0].into()),
        timestamps: arguments.contains("--timestamps"),
        joined: !arguments.contains("--no-gro"),
        sockets: option(arguments, "--sockets")?.unwrap_or(16).max(1),
        feedback_interval_ns: option(arguments, "--feedback-ms")?.unwrap_or(100) * 1_000_000,
        server: option(arguments, "--pid")?,
    })
}

fn plan_of(scenario: &str, arguments: &mut Arguments) -> Result<Plan, String> {
    let mut number = |name, fallback: usize| Ok::<usize, String>(option(arguments, name)?.unwrap_or(fallback));
    Ok(match scenario {
        "fanout-video" | "capacity" => {
            let (publishers, rate, bytes) = (number("--publishers", 10)?, number("--pps", 100)?, number("--bytes", 1100)?);
            Plan::video_fan_out(publishers, rate as f64, bytes, number("--subscribers", 30)?)
        }
        "fanout-audio" => {
            let (publishers, rate, bytes) = (number("--publishers", 10)?, number("--pps", 50)?, number("--bytes", 120)?);
            Plan::audio_fan_out(publishers, rate as f64, bytes, number("--subscribers", 100)?)
        }
        "room" | "room-speaker" => {
            let layout = if scenario == "room" { Layout::Grid } else { Layout::Speaker };
            let (people, cameras, microphones) = (number("--people", 250)?, number("--cameras", 25)?, number("--microphones", 25)?);
            Plan::room(people, cameras, microphones, number("--layers", 3)?.clamp(1, 3), layout)
        }
        "join-storm" => {
            let publishers = number("--publishers", 25)?;
            Plan::video_fan_out(publishers, 20.0, 900, number("--subscribers", 225)?)
        }
        other => return Err(format!("no such scenario: {other}")),
    })
}

fn option<T: FromStr>(arguments: &mut Arguments, name: &'static str) -> Result<Option<T>, String>
where
    T::Err: std::fmt::Display,
{
    arguments.opt_value_from_str(name).map_err(|error| error.to_string())
}

/// Everybody joins, then one window is measured.
fn steady(run: &mut Run) -> Result<Value, String> {
    let (subscribers, rate, warm_up, seconds) =
        (run.plan().subscribers, run.plan().joins_per_second, run.plan().warm_up_s, run.plan().measure_s);
    run.join_publishers()?;
    run.join_subscribers(subscribers, rate)?;
    let waiting = run.settle()?;
    run.pass(warm_up)?;
    let mut window = run.measure(seconds, true)?;
    let rejected = report::rejections(&window, waiting, &run.failures());
    Ok(json!({
        "window": report::figures(&mut window),
        "join_ms": report::joins(&mut run.join_times_ns()),
        "planned_packets_per_second_each": run.plan().subscriber_packets_per_second(),
        "rejected": rejected,
    }))
}

/// Subscribers join in steps until the server cannot keep up; the last step that held is the
/// answer.
fn capacity(run: &mut Run, step: usize) -> Result<Value, String> {
    let (first, rate, seconds) = (run.plan().subscribers, run.plan().joins_per_second, run.plan().measure_s);
    run.join_publishers()?;
    let mut steps = Vec::new();
    let mut held = 0;
    let mut add = first;
    let stopped = loop {
        run.join_subscribers(add, rate)?;
        let waiting = run.settle()?;
        run.pass(1.0)?;
        let mut window = run.measure(seconds, false)?;
        let figures = report::figures(&mut window);
        let p99_ms = figures["latency_ms"]["p99"].as_f64().unwrap_or(f64::MAX);
        let subscribers = window.subscribers;
        steps.push(figures);
        let failures = run.failures();
        if window.generator_load_percent() > 85.0 {
            break format!("the load client used {:.0} % of its core", window.generator_load_percent());
        }
        if window.delivered_percent() < 99.9 || waiting > 0 || !failures.is_empty() {
            break format!("delivered {:.3} %, {waiting} waiting, {} failures", window.delivered_percent(), failures.len());
        }
        if p99_ms > 50.0 {
            break format!("p99 {p99_ms} ms");
        }
        held = subscribers;
        add = step;
    };
    Ok(json!({"held_subscribers": held, "stopped": stopped, "steps": steps, "rejected": []}))
}

/// Many join within seconds while publishers send.
fn join_storm(run: &mut Run, per_second: f64) -> Result<Value, String> {
    let (subscribers, warm_up) = (run.plan().subscribers, run.plan().warm_up_s);
    run.join_publishers()?;
    run.pass(warm_up)?;
    let before = run.server_usage();
    let began = clock::monotonic_ns();
    run.join_subscribers(subscribers, per_second)?;
    let waiting = run.settle()?;
    let seconds = (clock::monotonic_ns() - began) as f64 / 1e9;
    let after = run.server_usage();
    let mut window = run.measure(3.0, true)?;
    let rejected = report::rejections(&window, waiting, &run.failures());
    let cpu_s = before.zip(after).map(|(before, after)| after.cpu_s - before.cpu_s);
    Ok(json!({
        "join_ms": report::joins(&mut run.join_times_ns()),
        "storm": {"seconds": report::round(seconds, 2), "server_cpu_s": cpu_s.map(|cpu| report::round(cpu, 2))},
        "window": report::figures(&mut window),
        "rejected": rejected,
    }))
}
