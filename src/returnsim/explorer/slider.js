// A native range input with its value beside it, and a box for what has no number. It keeps its own
// value, so that whatever else changes on the page does not pull it from under a finger.
export default {
  template: `
    <div class="x-slide">
      <input type="range" :id="$attrs['data-name']" :min="low" :max="high" :step="step"
        :value="shown" :disabled="isNothing" :class="{ 'x-unset': isUnset }"
        :aria-label="label" :aria-valuetext="told" @input="move($event)" />
      <output aria-hidden="true">{{ told }}</output>
      <label v-if="nothing" class="x-nothing">
        <input type="checkbox" :checked="isNothing" :aria-label="label + ': ' + nothing"
          @change="toggle($event)" />{{ nothing }}
      </label>
    </div>`,
  props: {
    value: Number, low: Number, high: Number, step: Number,
    stamp: Number, label: String, unit: String, nothing: String, varies: String,
  },
  data() {
    return { own: this.value ?? null, isUnset: !!this.varies, waiting: null, last: 0 };
  },
  computed: {
    isNothing() { return !this.isUnset && !!this.nothing && this.own === null; },
    shown() { return this.own ?? this.low; },
    told() {
      if (this.isUnset) return this.varies;
      if (this.own === null) return "–";
      return Number(this.own.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 4 });
    },
  },
  watch: {
    // A new stamp is a value that somebody else has set.
    stamp() {
      this.own = this.value ?? null;
      this.isUnset = !!this.varies;
    },
  },
  methods: {
    move(event) {
      this.own = Number(event.target.value);
      this.isUnset = false;
      this.later();
    },
    toggle(event) {
      this.own = event.target.checked ? null : this.low;
      this.isUnset = false;
      this.later();
    },
    later() {
      if (this.waiting !== null) return;
      const pause = Math.max(0, 120 - (Date.now() - this.last));
      this.waiting = setTimeout(() => {
        this.waiting = null;
        this.last = Date.now();
        this.$emit("move", this.own);
      }, pause);
    },
  },
};
